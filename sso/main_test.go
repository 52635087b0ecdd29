package sso_test

import (
	"testing"

	"github.com/patch-manager/patch-manager/sso/ssotest"
)

func TestMain(m *testing.M) { ssotest.Main(m) }
