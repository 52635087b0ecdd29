import { useState } from 'react';

/** A key that makes a request one request, however often it is sent. Also where the page came without TLS, unlike randomUUID. */
export function idempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** One key for each body: the same sent again is one request, and what was changed in between another. */
export function useKeys(): (body: unknown) => string {
  const [keys] = useState(keysOfBodies);
  return keys;
}

export function keysOfBodies(): (body: unknown) => string {
  const keys = new Map<string, string>();
  return (body) => {
    const text = JSON.stringify(body);
    const key = keys.get(text) ?? idempotencyKey();
    keys.set(text, key);
    return key;
  };
}
