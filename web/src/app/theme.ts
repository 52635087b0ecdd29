import { createTheme } from '@mantine/core';

// The list of a choice scrolls itself, as those who listen to it expect, and is no box with a list in it.
const choice = {
  defaultProps: { withScrollArea: false },
  styles: { options: { maxHeight: 220, overflowY: 'auto' } },
} as const;

// Calm and dense: one accent, and no red or amber but for trouble. The shade is dark enough for white text on it in both schemes.
export const theme = createTheme({
  primaryColor: 'blue',
  primaryShade: 8,
  autoContrast: true,
  defaultRadius: 'sm',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, monospace',
  fontSizes: { xs: '0.78rem', sm: '0.85rem', md: '0.92rem' },
  headings: {
    fontWeight: '600',
    sizes: { h1: { fontSize: '1.4rem' }, h2: { fontSize: '1.1rem' }, h3: { fontSize: '1rem' } },
  },
  cursorType: 'pointer',
  components: {
    Tooltip: {
      defaultProps: { multiline: true, maw: 320, withArrow: true, events: { hover: true, focus: true, touch: true } },
    },
    // What opens is a part of what the page shows, and its first entry takes the focus.
    Menu: { defaultProps: { portalProps: { target: '#main' }, withInitialFocusPlaceholder: false } },
    Combobox: { defaultProps: { portalProps: { target: '#main' } } },
    Select: choice,
    MultiSelect: choice,
    Autocomplete: choice,
    TagsInput: choice,
    Modal: { defaultProps: { centered: false, closeButtonProps: { 'aria-label': 'Close' } } },
    // A header in a dialog is none of the page, which has its own.
    ModalHeader: { defaultProps: { role: 'presentation' } },
    DrawerHeader: { defaultProps: { role: 'presentation' } },
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
  },
});
