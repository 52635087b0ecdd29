import { Anchor, type AnchorProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { ComponentPropsWithRef } from 'react';

type Props = AnchorProps & Omit<ComponentPropsWithRef<'a'>, keyof AnchorProps | 'href'>;

/** A link to another page that looks like one, with its path and parameters typed. */
export const PageLink = createLink((props: Props) => <Anchor size="sm" {...props} />);
