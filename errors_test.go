package patchmanager_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	errorMade     = regexp.MustCompile(`\b(Conflict|Forbidden|Unavailable)\(\s*(?:fleet\.)?("\w+"|\w+)`)
	errorLiteral  = regexp.MustCompile(`Kind:\s*(?:fleet\.)?Kind(\w+),\s*Code:\s*(?:fleet\.)?("\w+"|\w+)`)
	errorNamed    = regexp.MustCompile(`\b(?:http\.Status(\w+):|newProblem\(http\.Status(\w+),)\s*"(\w+)"`)
	fieldErrorOf  = regexp.MustCompile(`FieldError\{[^}]*Code: "(\w+)"`)
	constantOf    = regexp.MustCompile(`(?m)^(?:const|\t)\s*(Code\w+|Reason\w+)\s*=\s*"(\w+)"`)
	statusOfError = map[string]string{
		"Conflict": "409", "Forbidden": "403", "Unavailable": "503", "NotFound": "404", "Invalid": "422", "Unauthenticated": "401",
		"TooMany": "429", "BadRequest": "400", "Unauthorized": "401", "MethodNotAllowed": "405", "NotAcceptable": "406",
		"RequestTimeout": "408", "RequestEntityTooLarge": "413", "UnsupportedMediaType": "415", "UnprocessableEntity": "422",
		"InternalServerError": "500",
	}
)

func TestEveryErrorCodeIsExplainedWithItsStatus(t *testing.T) {
	t.Parallel()
	var documented []string
	for _, row := range tableRows(t, "docs/errors.md") {
		cells := strings.Split(row, "|")
		require.Len(t, cells, 6, row)
		for _, cell := range cells[1:5] {
			require.NotEmpty(t, strings.TrimSpace(cell), row)
		}
		documented = append(documented, strings.Trim(cells[1], " `")+" "+strings.TrimSpace(cells[2]))
	}
	slices.Sort(documented)
	require.Equal(t, errorCodes(t), documented)
}

// errorCodes returns every code that a request can be answered with, and its status, as the code of the tree makes them.
func errorCodes(t *testing.T) []string {
	t.Helper()
	sources, constants := map[string]string{}, map[string]string{}
	for name, source := range goFiles(t) {
		if !strings.HasSuffix(name, "_test.go") {
			sources[name] = source
		}
		for _, constant := range constantOf.FindAllStringSubmatch(source, -1) {
			constants[constant[1]] = constant[2]
		}
	}
	found := map[string]bool{}
	add := func(code, kind string) {
		text, literal := strings.CutPrefix(code, `"`)
		if !literal {
			text = constants[code]
		}
		if text == "" { // a parameter of what makes errors
			return
		}
		require.Contains(t, statusOfError, kind, code)
		found[strings.TrimSuffix(text, `"`)+" "+statusOfError[kind]] = true
	}
	for name, source := range sources {
		for _, m := range errorMade.FindAllStringSubmatch(source, -1) {
			add(m[2], m[1])
		}
		for _, m := range errorLiteral.FindAllStringSubmatch(source, -1) {
			add(m[2], m[1])
		}
		if !strings.HasPrefix(name, "api/") {
			continue
		}
		for _, m := range errorNamed.FindAllStringSubmatch(source, -1) {
			add(`"`+m[3]+`"`, m[1]+m[2])
		}
		for _, m := range fieldErrorOf.FindAllStringSubmatch(source, -1) {
			add(`"`+m[1]+`"`, "Invalid")
		}
	}
	var codes []string
	for code := range found {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}
