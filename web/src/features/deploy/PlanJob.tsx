import { Button } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { someOperatorOnly, useMe } from '../../shared/lib/me';
import { fieldErrors, problemOf } from '../../shared/lib/problem';
import { useZone } from '../../shared/lib/zone';
import { AllowedButton } from '../../shared/ui/AllowedButton';
import { CopyCurl } from '../../shared/ui/CopyCurl';
import { Page } from '../../shared/ui/Page';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { ConfirmDeploy } from './ConfirmDeploy';
import { fields, jobInput, type Options } from './input';
import { OptionsForm } from './OptionsForm';
import { Preview } from './Preview';
import type { Targets } from './search';
import { usePreview } from './usePreview';
import { verbOf } from './verb';

interface Props {
  targets: Targets;
  form: UseFormReturnType<Options>;
  idempotencyKey: string;
}

/** How the chosen hosts are patched, and what that would mean as things are. */
export function PlanJob({ targets, form, idempotencyKey }: Props) {
  const navigate = useNavigate({ from: '/deploy' });
  const me = useMe();
  const { zone } = useZone();
  const [confirming, confirm] = useDisclosure();
  const body = jobInput(targets, form.values, zone);
  const asked = usePreview(body);
  const problem = asked.error ? fieldErrors(problemOf(asked.error), fields) : { byField: {}, rest: [] };
  const { preview } = asked;
  const would = preview ? preview.hosts - preview.excluded : 0;
  return (
    <Page
      title="Deploy"
      actions={
        <>
          <Button
            size="xs"
            variant="default"
            onClick={() => void navigate({ search: (old) => ({ ...old, choose: true }) })}
          >
            Choose other hosts
          </Button>
          <CopyCurl method="POST" path="/api/v1/jobs" body={body} />
        </>
      }
    >
      <OptionsForm form={form} problems={problem.byField} />
      <ProblemAlert lines={problem.rest} />
      {preview && (
        <Preview
          preview={preview}
          hosts={asked.items}
          onView={asked.see}
          body={body}
          action={
            <AllowedButton because={someOperatorOnly(me) ?? notYet(asked.current, would)} onClick={confirm.open}>
              {verbOf(would, body, zone)}
            </AllowedButton>
          }
        />
      )}
      {confirming && preview && (
        <ConfirmDeploy
          preview={preview}
          hosts={asked.items}
          body={body}
          idempotencyKey={idempotencyKey}
          onClose={confirm.close}
        />
      )}
    </Page>
  );
}

function notYet(previewed: boolean, would: number): string | undefined {
  if (!previewed) return 'What this would mean is being looked up.';
  return would === 0 ? 'As things are, not one of these hosts would be patched.' : undefined;
}
