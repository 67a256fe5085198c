import { subject } from './subject.js'
import { processorTime, median } from './clock.js'
import { instant, recorder } from './replay.js'
import { setUp, TARGETS } from './conversation.js'
const s = await subject()
for (const target of TARGETS) {
const stage = await setUp(s, target)
const { crypto, calls } = recorder(s.nodeCrypto())
await (await stage.open(crypto))()
const t: number[] = []
for (let i = 0; i < Number(process.argv[2]); i++) { const go = await stage.open(instant(calls)); const a = processorTime(); await go(); t.push(processorTime() - a) }
console.log(target.name, [0, 30, 60, 100, 200, 400, 800].filter(i=>i<t.length).map((i) => [i, median(t.slice(i, i + 30)).toFixed(2)].join(':')).join('  '))
}
