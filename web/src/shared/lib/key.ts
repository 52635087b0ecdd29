/** A key that makes a request one request, however often it is sent. Also where the page came without TLS, unlike randomUUID. */
export function idempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
