const why: Record<string, string> = {
  sign_on_no_role:
    'None of your groups at the identity provider gives you a role here. An administrator can change that.',
  sign_on_no_name: 'The identity provider does not say what you are called. An administrator can change that there.',
  sign_on_refused: 'The identity provider signed nobody in.',
  sign_on_unverified: 'The answer of the identity provider could not be verified. The log of the server says why.',
  sign_on_unavailable: 'The identity provider does not answer. Try again later.',
  sign_on_expired: 'It took more than ten minutes, or was begun in another browser. Try again.',
  name_taken: 'Another user here has your name already. An administrator can rename one of you.',
  user_disabled: 'Your user is disabled here. An administrator can enable it.',
  too_many_requests: 'Too many tries from your address. Wait a minute.',
};

/** Why a single sign-on came back without a session, by the code that the API sent the browser here with. */
export const signOnWords = (code: string) => why[code] ?? `Single sign-on did not work (${code}).`;
