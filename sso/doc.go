// Package sso signs people in through an OpenID Connect provider: authorization code flow with PKCE, state and nonce. It
// owns the talk with the provider and the proof of who somebody is. What that person may do, and the session, are not
// its matter: it hands out a fleet.Identity and knows neither database nor cookie.
//
// The provider is trusted to say who people are and which groups they are in, and with nothing else: its answers are
// bounded in time and size, and no redirect of it is followed.
package sso
