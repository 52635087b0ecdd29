import type { Problem } from '../../api';

/** No answer came, or not all of it, so that nothing is known of what the server did. */
export class Unreachable extends Error {}

/** The session had ended, so that what was sent did nothing. */
export class SignedOut extends Error {}

/** What the API said was wrong, or what kept it from saying anything, in the same form. */
export function problemOf(error: unknown): Problem {
  if (isProblem(error)) return error;
  const none = { type: 'about:blank', status: 0 };
  if (error instanceof Unreachable)
    return {
      ...none,
      code: 'unreachable',
      title: 'No answer',
      detail: 'The server can not be reached. Nothing is known of whether it did what was asked.',
    };
  if (error instanceof SignedOut)
    return {
      ...none,
      status: 401,
      code: 'unauthenticated',
      title: 'Your session had ended',
      detail: 'Nothing was done. What you typed is still here: once you are signed in, send it again.',
    };
  // What is no JSON is an answer, and every other error one of this code.
  if (error instanceof Error && !(error instanceof SyntaxError))
    return { ...none, code: 'failed', title: 'This page failed', detail: error.message };
  return {
    ...none,
    code: 'unexpected',
    title: 'Unexpected answer',
    detail: 'The server answered with something that is not of its API.',
  };
}

function isProblem(error: unknown): error is Problem {
  return typeof error === 'object' && error !== null && 'code' in error && 'status' in error && 'detail' in error;
}

/** All that was wrong, a line for each: the detail names but the first of several. */
export const linesOf = (problem: Problem): string[] => {
  const { rest } = fieldErrors(problem, []);
  return rest.length > 1 ? rest : [problem.detail || problem.title];
};

/** Splits a problem into what stands beside fields of a form and what concerns the whole of it. */
export function fieldErrors(
  problem: Problem,
  fields: readonly string[],
): { byField: Record<string, string>; rest: string[] } {
  const byField: Record<string, string> = {};
  const rest: string[] = [];
  for (const e of problem.errors ?? []) {
    const field = fields.find((f) => e.field === f || e.field.startsWith(`${f}.`) || e.field.startsWith(`${f}[`));
    if (field && !byField[field]) byField[field] = e.message;
    else rest.push(e.field ? `${e.field}: ${e.message}` : e.message);
  }
  if (!problem.errors?.length) rest.push(problem.detail);
  return { byField, rest };
}
