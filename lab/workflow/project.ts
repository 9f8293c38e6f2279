/** This project's own workflow, as the runner runs it. */
import { readFileSync } from 'node:fs'
import { projectRoot, repositoryFile } from '../../src/base/root.js'
import type { WorkflowOptions } from './workflow.js'

const FILE = '.github/workflows/ci.yml'

/** By this name other repositories use the action. */
export const REPOSITORY = 'netns-lab/netns-lab'

/** What running the project's workflow takes, with a folder of the runner's own and one for what comes of it. */
export function projectRun(
  folder: string,
  out: string,
): Pick<WorkflowOptions, 'file' | 'text' | 'repository' | 'folder' | 'out'> {
  return {
    file: FILE,
    text: readFileSync(repositoryFile(FILE), 'utf8'),
    repository: { name: REPOSITORY, files: projectRoot() },
    folder,
    out,
  }
}
