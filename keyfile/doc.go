// Package keyfile reads and makes the files that hold the secrets of an installation: the key of the stored passwords, the
// key of the certificate authority. It owns what such a file must be (a regular file, no symbolic link, 0600 or less, of
// the user that this process runs as) and how one comes to be while several processes start at once,
// and while some of them are killed. What is in a file is
// its caller's matter.
package keyfile
