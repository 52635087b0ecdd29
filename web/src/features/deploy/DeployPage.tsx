import { useForm } from '@mantine/form';
import { useSearch } from '@tanstack/react-router';
import { useKeys } from '../../shared/lib/key';
import { ChooseHosts } from './ChooseHosts';
import { initialOptions } from './input';
import { PlanJob } from './PlanJob';
import { someTarget, targetsOf } from './search';

/** First what is patched is chosen, then how; what was typed stays when one goes back to choosing. */
export function DeployPage() {
  const search = useSearch({ from: '/shell/deploy' });
  const form = useForm({ initialValues: initialOptions });
  // However often the same is sent, it is one job, also where somebody goes back to choosing in between.
  const keyOf = useKeys();
  const targets = targetsOf(search);
  if (search.choose || !someTarget(targets)) return <ChooseHosts search={search} targets={targets} />;
  return <PlanJob targets={targets} form={form} keyOf={keyOf} />;
}
