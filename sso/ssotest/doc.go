// Package ssotest gives tests a real OpenID Connect provider, zitadel's, in a process of its own: the test binary started
// once more. A package that uses it hands its tests to Main.
package ssotest
