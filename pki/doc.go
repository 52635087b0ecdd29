// Package pki is the built-in private certificate authority: it makes the authority and the manager's client certificate
// at the first start, renews the latter, and signs the certificates of hosts and the list of revoked ones. A site that
// has an authority of its own keeps its key away from us, and then there is no Authority.
//
// Who gets a certificate, and which are revoked, is decided elsewhere. Keys of hosts are made here, handed out once and
// never stored; nothing here logs, and no error holds a key. It imports fleet and keyfile only.
package pki
