import { Button, type ButtonProps, Tooltip } from '@mantine/core';
import type { ComponentPropsWithoutRef } from 'react';

type Props = ButtonProps &
  Omit<ComponentPropsWithoutRef<'button'>, keyof ButtonProps> & {
    /** Why it may not be pressed, which it then says; undefined where it may. */
    because?: string | undefined;
  };

/** A button that, where it may not be pressed, says why, also to the keyboard. */
export function AllowedButton({ because, onClick, ...rest }: Props) {
  if (!because) return <Button onClick={onClick} {...rest} />;
  return (
    <Tooltip label={because}>
      <Button
        {...rest}
        type="button"
        data-disabled
        aria-disabled
        aria-description={because}
        onClick={(e) => e.preventDefault()}
      />
    </Tooltip>
  );
}
