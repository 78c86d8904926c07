/**
 * Golden cases: `<stage>/<case>/in.yaml` is what a stage is given, `out.yaml` what it has to make of it. A
 * change of behaviour is a change of an out.yaml, made by `node test/golden/run.ts --update` and then read.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { analysis } from './analysis.ts';
import { gateway } from './gateway.ts';
import { mesh } from './mesh.ts';
import { translate } from './translate.ts';

/** From the text of an in.yaml to plain data, which becomes the out.yaml. */
export type Stage = (input: string) => Promise<unknown>;

/** To add a stage: a folder here and its function in this table. */
export const stages: Readonly<Record<string, Stage>> = { analysis, gateway, mesh, translate };

export interface GoldenCase {
  readonly stage: string;
  readonly name: string;
  readonly input: string;
  readonly outputPath: string;
  /** Undefined where there is none yet. */
  readonly expected: string | undefined;
}

const root = fileURLToPath(new URL('.', import.meta.url));

/** In ascending order of stage and name; throws where a case lies in the folder of no stage. */
export function goldenCases(): readonly GoldenCase[] {
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders
    .map((folder) => folder.name)
    .sort()
    .flatMap((stage) => {
      if (stages[stage] === undefined) throw new Error(`test/golden/${stage} belongs to no stage`);
      return readdirSync(join(root, stage))
        .sort()
        .map((name) => readCase(stage, name));
    });
}

function readCase(stage: string, name: string): GoldenCase {
  const directory = join(root, stage, name);
  const outputPath = join(directory, 'out.yaml');
  return {
    stage,
    name,
    input: readFileSync(join(directory, 'in.yaml'), 'utf8'),
    outputPath,
    expected: existsSync(outputPath) ? readFileSync(outputPath, 'utf8') : undefined,
  };
}

/** The text that out.yaml has to have. */
export async function actualOutput({ stage, input }: GoldenCase): Promise<string> {
  const run = stages[stage];
  if (run === undefined) throw new Error(`there is no stage ${stage}`);
  return stringify(await run(input), { lineWidth: 0, aliasDuplicateObjects: false });
}
