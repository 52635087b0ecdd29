package api_test

import (
	"flag"
	"testing"

	"github.com/patch-manager/patch-manager/sso/ssotest"
)

var update = flag.Bool("update", false, "write golden files again")

func TestMain(m *testing.M) { ssotest.Main(m) }
