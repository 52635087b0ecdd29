#!/bin/sh
# Prints the client of the API in Go, as it is made of api/openapi.json.
set -eu
cd "$(dirname "$0")/.."

formatter=$(scripts/tool.sh gofumpt)
"$(scripts/tool.sh oapi-codegen)" -config client/oapi-codegen.yaml api/openapi.json | "$formatter"
