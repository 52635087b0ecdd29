import { useLocalStorage } from '@mantine/hooks';
import { createContext, type ReactNode, use } from 'react';
import { isZone, localZone } from './time';

const Zone = createContext<{ zone: string; setZone: (zone: string) => void }>({ zone: localZone, setZone: () => {} });

/** The time zone in which the whole UI prints times, kept in this browser. */
export const useZone = () => use(Zone);

export function ZoneProvider({ children }: { children: ReactNode }) {
  const [stored, setZone] = useLocalStorage({
    key: 'time-zone',
    defaultValue: localZone,
    getInitialValueInEffect: false,
  });
  return <Zone value={{ zone: isZone(stored) ? stored : localZone, setZone }}>{children}</Zone>;
}
