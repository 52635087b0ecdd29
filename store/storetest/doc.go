// Package storetest gives each test a database of its own on a real Postgres server. The server is the one named by
// PATCH_MANAGER_TEST_DATABASE_URL or else one that starts with the first test of a test process and ends with it.
package storetest
