import { Button } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { JobInput, JobPreview, PreviewHost } from '../../api';
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
import { lacks, usePreview } from './usePreview';
import { verbOf } from './verb';

interface Props {
  targets: Targets;
  form: UseFormReturnType<Options>;
  keyOf: (body: JobInput) => string;
}

/** How the chosen hosts are patched, and what that would mean as things are. */
export function PlanJob({ targets, form, keyOf }: Props) {
  const navigate = useNavigate({ from: '/deploy' });
  const me = useMe();
  const { zone } = useZone();
  // What is confirmed is what was shown when the button was pressed, whatever becomes of the preview behind it.
  const [confirming, confirm] = useState<{ preview: JobPreview; hosts: PreviewHost[]; body: JobInput }>();
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
            <AllowedButton
              because={someOperatorOnly(me) ?? lacks(body) ?? notYet(asked.current, would)}
              onClick={() => confirm({ preview, hosts: asked.items, body })}
            >
              {verbOf(would, body, zone)}
            </AllowedButton>
          }
        />
      )}
      {confirming && (
        <ConfirmDeploy {...confirming} idempotencyKey={keyOf(confirming.body)} onClose={() => confirm(undefined)} />
      )}
    </Page>
  );
}

function notYet(previewed: boolean, would: number): string | undefined {
  if (!previewed) return 'What this would mean is being looked up.';
  return would === 0 ? 'As things are, not one of these hosts would be patched.' : undefined;
}
