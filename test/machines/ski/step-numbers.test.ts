/** The numbers of steps: the machines carry them in `meta`, `src/ski/steps.ts` has them as a table. A run shows that they agree. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { InspectionEvent } from 'xstate'
import type { Line } from '../../../machines/session.js'
import { SKI_PROFILES, type Way } from '../../../src/ski/policy.js'
import { skiSteps, SKI_STEPS } from '../../../src/ski/steps.js'
import { skiWorld, WAYS } from '../../../tools/cli/ski/world.js'
import { nodeCrypto } from '../../../tools/node/crypto.js'

const test = suite('step numbers of the SKI machines')

/** What a role does between two messages that it hears. */
interface Turn {
  readonly heard: number | null
  /** What was heard has no number, and so nothing that comes of it: a state may serve a step and something beside it. */
  readonly beside: boolean
  readonly said: number[]
  /** `meta.step` of the transitions that were taken and the states that were entered. */
  readonly meta: Set<number>
}

/** Every turn of every role in a run. */
async function turnsOf(way: Way): Promise<ReadonlyMap<string, readonly Turn[]>> {
  const turns = new Map<string, Turn[]>()
  const of = (role: string) => turns.get(role) ?? turns.set(role, [{ heard: null, beside: false, said: [], meta: new Set() }]).get(role)!
  const steps = skiSteps()
  const onLine = ({ from, to, port, message }: Line) => {
    const step = port === 'enclave' ? null : steps(from, to, message).step
    if (step !== null) of(from).at(-1)!.said.push(step)
    // An enclave answers in the turn in which it was asked.
    const beside = port === 'enclave' ? of(to).at(-1)!.beside : step === null
    of(to).push({ heard: step, beside, said: [], meta: new Set() })
  }
  const inspect = (event: InspectionEvent) => {
    if (event.type !== '@xstate.microstep') return
    const turn = of((event.actorRef as { readonly id?: string }).id ?? '').at(-1)!
    const { _transitions: taken, snapshot } = event as unknown as {
      _transitions: readonly { meta?: { step?: number } }[]
      snapshot: { _nodes: readonly { meta?: { step?: number } }[] }
    }
    for (const { meta } of [...taken, ...snapshot._nodes]) if (meta?.step !== undefined) turn.meta.add(meta.step)
  }
  const world = await skiWorld({ crypto: nodeCrypto(), policy: SKI_PROFILES.hardened, watched: false, onLine, inspect })
  const { client, server } = await world.injections.inject(world.request({ way, secret: 'ec-P-256' }))
  assert.ok(client?.ok && server?.ok, way)
  world.dispose()
  return turns
}

for (const way of WAYS)
  test(`SKI-151 to SKI-181 the way ${way}: a number in a machine is that of what it hears, says, or waits for`, async () => {
    const agreed = new Set<number>()
    for (const [role, turns] of await turnsOf(way))
      for (const [index, { heard, beside, said, meta }] of turns.entries()) {
        if (beside) continue
        const before = turns.slice(0, index).reduce<number | null>((last, turn) => turn.said.at(-1) ?? turn.heard ?? last, null)
        const later = turns.slice(index + 1).flatMap((turn) => [...(turn.heard === null ? [] : [turn.heard]), ...turn.said])[0]
        // What a minidriver is told in step 27, it does in step 28: it prepares the container.
        const near = [heard ?? before, ...said, later, ...(heard === 27 ? [28] : [])]
        for (const step of meta) {
          assert.ok(near.includes(step), `${role}, turn ${index}: meta says ${step}, the table ${near.join(' or ')}`)
          if (step === heard || said.includes(step)) agreed.add(step)
        }
      }
    // The way of the page: there each of the 31 is named where the table has it.
    if (way === 'session')
      assert.equal(
        [...agreed].sort((a, b) => a - b),
        SKI_STEPS.map(({ step }) => step),
      )
  })

test.run()
