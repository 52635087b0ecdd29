// The API as the rest of the UI knows it: the generated client, and nothing written by hand beside it.
export * from './generated';
export * from './generated/@tanstack/react-query.gen';
