import { useEffect, useState } from 'react';

/**
 * Gives the focus back to what had it when the dialog was opened. Mantine does so only for dialogs that are mounted closed,
 * and these are mounted as they open.
 */
export function useFocusBack() {
  const [opener] = useState(() => lasting(document.activeElement));
  useEffect(
    () => () => {
      // After the dialog is gone, and only where nothing else was given the focus meanwhile.
      setTimeout(() => {
        const now = document.activeElement;
        if ((!now || now === document.body) && opener?.isConnected) opener.focus({ preventScroll: true });
      });
    },
    [opener],
  );
}

/** An item of a menu goes with the menu: what opened that stays. */
function lasting(element: Element | null): HTMLElement | undefined {
  const menu = element?.closest('[role=menu]');
  const stays = menu ? document.getElementById(menu.getAttribute('aria-labelledby') ?? '') : element;
  return stays instanceof HTMLElement && stays !== document.body ? stays : undefined;
}
