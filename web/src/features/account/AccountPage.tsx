import { useMe } from '../../shared/lib/me';
import { Page } from '../../shared/ui/Page';
import { Tokens } from '../tokens/Tokens';
import { MySessions } from './MySessions';
import { Password } from './Password';
import { Roles } from './Roles';

/** What everybody has: a password, sessions and tokens of their own. */
export function AccountPage() {
  const me = useMe();
  return (
    <Page title="Your account">
      <Roles me={me} />
      <MySessions />
      <Tokens title="Your API tokens" userId={me.id} />
      <Password me={me} />
    </Page>
  );
}
