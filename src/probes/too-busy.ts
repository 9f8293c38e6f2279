import { LabError } from '../base/errors.js'

/**
 * For a probe that the machine has kept from being in time: what came of it says nothing about the kernel. `what` came too late, `purpose`
 * is what that was too late for, where it needs saying.
 */
export function tooBusy(what: string, purpose = ''): LabError {
  return new LabError(
    `${what}: this machine is too slow, or too busy${purpose === '' ? '' : `, for ${purpose}`}`,
    'run it with less beside it, or with fewer --jobs',
  )
}
