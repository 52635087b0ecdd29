// Package client is the API of Patch Manager in Go: the types and operations of its OpenAPI document, which generated.go is made
// of, and how they are called.
//
//	c, err := client.Connect("https://patches.example.com", token, nil)
//	host, err := client.Answer[client.Host](c.GetHost(ctx, id))
package client
