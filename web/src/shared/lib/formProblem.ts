import { fieldErrors, problemOf } from './problem';

/** Puts what the API said of the fields beside them; for the `onError` of a mutation. */
export function besideFields(form: { setErrors: (errors: Record<string, string>) => void }, fields: readonly string[]) {
  return (error: unknown) => form.setErrors(fieldErrors(problemOf(error), fields).byField);
}

/** What the API said that concerns no field of the form. */
export function ofTheWhole(error: unknown, fields: readonly string[]): string[] {
  return error ? fieldErrors(problemOf(error), fields).rest : [];
}
