/**
 * The HSM vendor's BYOK tool, on an offline workstation: asks the source HSM for the wrap and writes the `.byok` file.
 *
 *   expectKek ─ client.kek ─▶ expectWrapped ─ sourceHsm.wrapped ─▶ checkFile ─▶ written
 *        └──────────────── otherwise ──┴──────────────────────────────┴──────▶ refused
 *
 * It decides nothing that matters: the workstation belongs to the attacker, so every check is the HSM's and its officer's.
 *
 * Spec: spec/byok.md, BYOK-9, BYOK-80 to BYOK-98.
 * @module
 */
import { assertEvent, assign, emit, sendTo, setup } from 'xstate'
import type { AppSays, ClientToTool, SourceToTool } from '../../src/byok/messages.js'
import { toBase64url } from '../../src/bytes/base64.js'
import { writeTransferFile } from '../../src/byok/transfer-file.js'
import type { Kid, PublicPart } from '../../src/enclave/commands.js'
import type { Fault } from '../../src/verdict.js'
import { closedPort } from '../ports.js'
import { blameFor, type Outcome, type Progress } from './common.js'

/** What the tool is started with. */
export interface ToolInput {
  /** Goes into the file's `generator` member: tool name and version; HSM name and firmware. */
  readonly generator: string
}

interface ToolContext {
  readonly generator: string
  readonly kid: Kid | null
  readonly file: string | null
  readonly key: PublicPart | null
  readonly fault: Fault | null
}

/** See the module text. */
export const toolMachine = setup({
  types: {
    input: {} as ToolInput,
    context: {} as ToolContext,
    events: {} as ClientToTool | SourceToTool | AppSays,
    output: {} as Outcome<{ readonly file: string }>,
    emitted: {} as Progress,
  },
  actors: { wire: closedPort },
  guards: {
    fileWritten: ({ context }) => context.file !== null,
  },
  actions: {
    noteKid: assign(({ event }) => {
      assertEvent(event, 'client.kek')
      return { kid: event.kid }
    }),
    // kid, modulus and evidence go on together: they came from one KEK version (BYOK-9).
    askWrap: sendTo('wire', ({ event }) => {
      assertEvent(event, 'client.kek')
      return { type: 'tool.wrap', kid: event.kid, n: event.n, e: event.e, evidence: event.evidence, target: event.target }
    }),
    writeFile: assign(({ context, event }) => {
      assertEvent(event, 'sourceHsm.wrapped')
      if (!context.kid) return {}
      const written = writeTransferFile({ kek: context.kid, ciphertext: event.ciphertext, generator: context.generator })
      return written.ok ? { file: toBase64url(written.value), key: event.key } : { fault: written.fault }
    }),
    tellFile: sendTo('wire', ({ context }) => ({ type: 'tool.file', file: context.file, key: context.key })),
    blame: assign(({ context, event }) => ({ fault: context.fault ?? blameFor(event) })),
    tellRefused: sendTo('wire', ({ context }) => ({ type: 'tool.refused', fault: context.fault })),
    reportWritten: emit({ type: 'progress', role: 'tool', step: 'fileWritten' }),
    reportRefused: emit({ type: 'progress', role: 'tool', step: 'refused' }),
  },
}).createMachine({
  id: 'byok.tool',
  description: 'Asks the source HSM to wrap a target key for a vault and writes the transfer file.',
  context: ({ input }) => ({ generator: input.generator, kid: null, file: null, key: null, fault: null }),
  invoke: [{ src: 'wire', id: 'wire' }],
  initial: 'expectKek',
  states: {
    expectKek: {
      description: 'The public KEK arrives, with its kid and whatever proves it.',
      meta: { requirements: ['BYOK-9'] },
      on: {
        'client.kek': {
          target: 'expectWrapped',
          actions: ['noteKid', 'askWrap'],
          description: 'the client brings the public KEK',
          meta: { requirements: ['BYOK-9'] },
        },
        '*': 'refused',
      },
    },
    expectWrapped: {
      description: 'The source HSM and its officer decide; the tool waits.',
      meta: { requirements: ['BYOK-8'] },
      on: {
        'sourceHsm.wrapped': { target: 'checkFile', actions: 'writeFile', meta: { requirements: ['BYOK-98'] } },
        '*': 'refused',
      },
    },
    checkFile: {
      description: 'What the source HSM gave may not make a transfer file.',
      meta: { requirements: ['BYOK-61', 'BYOK-97', 'BYOK-98'] },
      always: [{ guard: 'fileWritten', target: 'written', actions: ['tellFile', 'reportWritten'] }, { target: 'refused' }],
    },
    written: { type: 'final', description: 'The file is with the client.', meta: { requirements: ['BYOK-98'] } },
    refused: {
      type: 'final',
      description: 'The client is told; nothing was written.',
      meta: { requirements: ['BYOK-150', 'BYOK-160'] },
      entry: ['blame', 'tellRefused', 'reportRefused'],
    },
  },
  output: ({ context }) =>
    context.file !== null ? { ok: true, file: context.file } : { ok: false, fault: context.fault ?? { code: 'out_of_turn', requirement: 'BYOK-151' } },
})
