import { Kbd, TextInput, type TextInputProps } from '@mantine/core';
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useRouter } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

interface Props extends Omit<TextInputProps, 'value' | 'onChange'> {
  label: string;
  value: string;
  /** Gets what was typed once somebody pauses. */
  onSearch: (text: string) => void;
  /** Whether `/` leads here, of which there is one on a page. */
  shortcut?: boolean;
}

/** A search whose text is kept outside of it, mostly in the URL. */
export function SearchBox({ label, value, onSearch, shortcut = true, ...rest }: Props) {
  const box = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(value);
  const [seen, setSeen] = useState(value);
  const [sent, setSent] = useState(value);
  const search = useDebouncedCallback((text: string) => {
    setSent(text);
    onSearch(text);
  }, 200);
  if (value !== seen) {
    setSeen(value);
    // Changed by something else than this box, such as a link: the box follows.
    if (value !== sent) {
      setSent(value);
      setTyped(value);
    }
  }
  // The page stays until the next one is loaded, and what it would then search would lead back to it.
  const router = useRouter();
  useEffect(() => {
    const onLeave = ({ pathChanged }: { pathChanged: boolean }) => {
      if (!pathChanged || !search.isPending()) return;
      search.cancel();
      setTyped(value);
    };
    return router.subscribe('onBeforeNavigate', onLeave);
  }, [router, search, value]);
  useHotkeys(shortcut ? [['/', () => box.current?.focus()]] : []);
  return (
    <TextInput
      ref={box}
      type="search"
      aria-label={label}
      aria-keyshortcuts={shortcut ? '/' : undefined}
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={shortcut && <Kbd size="xs">/</Kbd>}
      value={typed}
      onChange={(e) => {
        setTyped(e.currentTarget.value);
        search(e.currentTarget.value);
      }}
      {...rest}
    />
  );
}
