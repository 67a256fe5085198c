/**
 * The work on bytes behind each command of a server's enclave, between the permit and the commit of the rules: which work
 * belongs to which command. Judging cards and establishing keys is in `server-establish.ts`, what is sealed and opened in
 * `server-secrets.ts`, certificates and the archive in `server-documents.ts`, what all of it shares in `server-job.ts`.
 * Whether something may be done is not decided in any of them.
 *
 * Spec: spec/ski.md, SKI-152, SKI-219, SKI-222.
 * @module
 */
import { toBase64url } from '../../bytes/base64.js'
import type { Scratch } from '../../enclave/scratch.js'
import { ID_BYTES } from '../sealed/index.js'
import type { Bench } from './engine.js'
import { envelopeKey, requestCertificate } from './server-documents.js'
import { agreeSessionKey, confirmSession, judgeCard, mdImportSessionKey, mdSharedKey, offerSharedKey, wrapSessionKey } from './server-establish.js'
import { done, fresh, type AnyServerJob, type ServerJob, type ServerTools, type ServerWork } from './server-job.js'
import type { ServerTypes } from './server-permit.js'
import { composeKeyPair, composePin, confirmInstalled, drawIv, makeKeyPair, makePin, mdEncrypt, mdOpenResponse } from './server-secrets.js'
import type { ServerWorkCommand } from './server-state.js'

/** The work of a server's enclave, for the engine. */
export const serverWork =
  (tools: ServerTools) =>
  (bench: Bench<ServerTypes>, { conversation, command }: ServerTypes['permit'], scratch: Scratch): ServerWork =>
    (WORK[command.type] as (job: AnyServerJob) => ServerWork)({ bench, tools, scratch, conversation, command } as AnyServerJob)

const WORK: { readonly [T in ServerWorkCommand['type']]: (job: ServerJob<T>) => ServerWork } = {
  beginSession,
  judgeCard,
  wrapSessionKey,
  agreeSessionKey,
  offerSharedKey,
  confirmSession,
  mdImportSessionKey,
  mdSharedKey,
  setKeyProperty: nothing,
  drawIv,
  makeKeyPair,
  makePin,
  composeKeyPair,
  composePin,
  mdEncrypt,
  mdOpenResponse,
  confirmInstalled,
  requestCertificate,
  envelopeKey,
  destroyKey: nothing,
}

function* beginSession({ bench }: AnyServerJob): ServerWork {
  const [session, nonce] = [toBase64url(fresh(bench, ID_BYTES)), toBase64url(fresh(bench, ID_BYTES))]
  return done({ type: 'beginSession', session, nonce })
}

/** Work of the same shape as the others, where nothing is to be done to bytes. */
function* nothing({ command }: ServerJob<'setKeyProperty'> | ServerJob<'destroyKey'>): ServerWork {
  return done({ type: command.type })
}
