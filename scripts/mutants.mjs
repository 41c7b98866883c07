// Breaks the product on purpose, on a copy, one way at a time, and expects the suite to notice.
//   npm run mutants              all of them
//   npm run mutants -- no-epoch  those whose name contains this
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Each edit replaces a text that must be there exactly once; `suite` is the part of the tests that should notice. */
const MUTANTS = [
  {
    name: 'no-unique-version',
    breaks: 'two events may have the same version of a stream',
    suite: ['int', 'event-store/event-store'],
    edits: [
      [
        'src/schema/migrations/1-event-store.ts',
        '  at             timestamptz(3) not null,\n  primary key (stream_id, version)\n',
        '  at             timestamptz(3) not null\n',
      ],
      ['src/event-store/append-events.ts', 'on conflict (stream_id, version) do nothing', ''],
    ],
  },
  {
    name: 'no-look-before-push',
    breaks: 'a push is sent without looking whether the call still rings',
    suite: ['e2e', 'waking/push-faults'],
    edits: [
      [
        'src/ringing/push-device.ts',
        '!isUnanswered(call) || this.clock.now() >= call.ringExpiresAt || !push',
        '!push',
      ],
      [
        'src/ringing/device-pusher.ts',
        'const wanted = (): boolean => lease.isHeld && this.isOfUse(push);',
        'const wanted = (): boolean => true;',
      ],
    ],
  },
  {
    name: 'new-apns-id-per-try',
    breaks: 'every attempt of a push has an apns-id of its own',
    suite: ['e2e', 'waking/push-faults'],
    edits: [['src/ringing/device-pusher.ts', 'apnsId: pushId,', 'apnsId: crypto.randomUUID(),']],
  },
  {
    name: 'ack-before-commit',
    breaks: 'a command is acknowledged before PostgreSQL has committed it',
    suite: ['int', 'event-store/outage'],
    edits: [
      [
        'src/event-store/group-commit.ts',
        '      this.queue.push(waiting);\n',
        "      this.queue.push(waiting);\n      resolve({ status: 'appended', at: Date.now(), jobs: [] });\n",
      ],
    ],
  },
  {
    name: 'timer-in-memory',
    breaks: 'the end of a ring is a timer of one process instead of a job',
    suite: ['e2e', 'process/kill'],
    edits: [
      [
        'src/ringing/domain/jobs.ts',
        "            ofCall('ring-timeout', timeoutKey(callId), callId, last.data.ringTimeoutMs),\n",
        '',
      ],
      [
        'src/ringing/ring.saga.ts',
        "import { type Observable, mergeMap } from 'rxjs';\n",
        "import { type Observable, delayWhen, filter, map, mergeMap, timer } from 'rxjs';\n",
      ],
      [
        'src/ringing/ring.saga.ts',
        '  @Saga()\n  confirm = ',
        "  @Saga()\n  timeOut = (events: Observable<IEvent>): Observable<ICommand> =>\n    events.pipe(\n      ofType(CallChanged),\n      filter(({ call }) => call.state === 'initiated'),\n      delayWhen(({ call }) => timer((call as { ringExpiresAt: number }).ringExpiresAt - Date.now())),\n      map(({ call }) => new CloseCall(call.callId, 'timeout')),\n    );\n\n  @Saga()\n  confirm = ",
      ],
    ],
  },
  {
    name: 'no-epoch',
    breaks: 'who has lost a job to another node can still finish, extend or postpone it',
    suite: ['int', 'ringing/jobs'],
    edits: [
      [
        'src/ringing/jobs.ts',
        "'1 millisecond' where key = $1 and epoch = $2`",
        "'1 millisecond' where key = $1 and $2::int is not null`",
      ],
      [
        'src/ringing/jobs.ts',
        '\n              where key = $1 and epoch = $2`',
        '\n              where key = $1 and $2::int is not null`',
      ],
      ['src/ringing/jobs.ts', 'where jobs.key = j.key and jobs.epoch = j.epoch', 'where jobs.key = j.key'],
    ],
  },
  {
    name: 'resume-off-by-one',
    breaks: 'a reader of the whole store goes on one event too late',
    suite: ['int', 'event-store/subscription'],
    edits: [
      [
        'src/event-store/event-store.ts',
        '(transaction_id, position) > ($1::xid8, $2::bigint)',
        '(transaction_id, position) > ($1::xid8, $2::bigint + 1)',
      ],
    ],
  },
  {
    name: 'wall-clock',
    breaks: 'deadlines are compared with the wall clock of the machine',
    suite: ['int', 'database/database-clock'],
    edits: [
      [
        'src/database/database-clock.ts',
        'return Math.round(performance.now() + this.offset);',
        'return Date.now();',
      ],
    ],
  },
  {
    name: 'any-410-kills',
    breaks: 'a 410 of APNs retires the token, however old its timestamp is',
    suite: ['unit', 'domain/push-policy'],
    edits: [
      [
        'src/ringing/domain/push-policy.ts',
        'const retire = result.since === null || result.since >= address.tokenUpdatedAt;',
        'const retire = true;',
      ],
    ],
  },
  {
    name: 'relay-for-anybody',
    breaks: 'signals are relayed without asking whether their sender is in the call',
    suite: ['e2e', 'sockets/signals'],
    edits: [
      [
        'src/sockets/session/part-in-call.ts',
        'if (known) return mediaDevice(known, by);',
        'if (known) return known;',
      ],
    ],
  },
  {
    name: 'echo-in-errors',
    breaks: "an error carries what the client sent, as Nest's includeCause does",
    suite: ['e2e', 'sockets/hostile'],
    edits: [
      [
        'src/sockets/server/dispatcher.ts',
        "return done({ ok: false, error: this.refusal(session, 'unknown', error) });",
        "return done({ ok: false, error: Object.assign(this.refusal(session, 'unknown', error), { cause: received.parse() }) });",
      ],
    ],
  },
  {
    name: 'no-close-of-a-stream',
    breaks: "a push is settled by an answer or an error only, not by its stream's 'close'",
    suite: ['int', 'push/h2-origin'],
    edits: [
      ['src/push/h2-exchange.ts', "      else lose('reset');\n", ''],
      [
        'src/push/h2-exchange.ts',
        "stream.on('error', (error) => (cause = codeOf(error)));",
        "stream.on('error', (error) => {\n      cause = codeOf(error);\n      lose('reset');\n    });",
      ],
    ],
  },
];

const root = path.resolve(import.meta.dirname, '..');
const COPIED = [
  'src',
  'test',
  'simulator',
  'embedded-postgres',
  'package.json',
  'jest.config.js',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

function copyTree() {
  const copy = mkdtempSync(path.join(tmpdir(), 'ringway-mutants-'));
  const filter = (from) => path.basename(from) !== 'dist';
  for (const name of COPIED)
    cpSync(path.join(root, name), path.join(copy, name), { recursive: true, filter });
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  return copy;
}

/** @returns how to undo it */
function apply(copy, { name, edits }) {
  const originals = new Map();
  for (const [file, from, to] of edits) {
    const at = path.join(copy, file);
    const text = readFileSync(at, 'utf8');
    if (!originals.has(at)) originals.set(at, text);
    const times = text.split(from).length - 1;
    if (times !== 1) {
      throw new Error(
        `${name}: ${file} has this text ${times} times, not once; bring the mutant up to date:\n${from}`,
      );
    }
    writeFileSync(
      at,
      text.replace(from, () => to),
    );
  }
  return () => originals.forEach((text, at) => writeFileSync(at, text));
}

function run(copy, command, args) {
  const env = { ...process.env, NODE_OPTIONS: '--experimental-vm-modules --no-warnings', CI: '1' };
  return spawnSync(command, args, { cwd: copy, env, encoding: 'utf8', timeout: 300_000 });
}

/** @returns the first test that failed, or null when all passed */
function catcher(copy, [project, pattern]) {
  const result = path.join(copy, 'result.json');
  rmSync(result, { force: true });
  const jest = path.join('node_modules', 'jest', 'bin', 'jest.js');
  const only = ['--selectProjects', project, '--testPathPatterns', pattern];
  // A broken product may keep a test waiting for ever.
  const flags = ['--forceExit', '--json', '--outputFile', result];
  const { stderr } = run(copy, process.execPath, [jest, ...only, ...flags]);
  let report;
  try {
    report = JSON.parse(readFileSync(result, 'utf8'));
  } catch {
    // The gateway runs inside the tests: what kills it kills them.
    const death = /\b(RangeError|TypeError|Error): .*/.exec(stderr)?.[0];
    if (death === undefined) throw new Error(`the tests could not be run:\n${stderr.slice(-2_000)}`);
    return `the death of the process (${death})`;
  }
  if (report.numTotalTests === 0)
    throw new Error(`no tests match ${project} ${pattern}:\n${stderr.slice(-2_000)}`);
  const failed = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed');
  if (failed) return failed.fullName;
  return report.success ? null : 'a test file that did not load';
}

const wanted = process.argv[2] ?? '';
const mutants = MUTANTS.filter(({ name }) => name.includes(wanted));
const copy = copyTree();
let survivors = 0;
try {
  console.log(`| mutant | what it breaks | caught by | s |\n|---|---|---|---|`);
  for (const mutant of mutants) {
    const since = performance.now();
    const undo = apply(copy, mutant);
    rmSync(path.join(copy, 'dist'), { recursive: true, force: true });
    rmSync(path.join(copy, 'tsconfig.build.tsbuildinfo'), { force: true });
    const tsc = run(copy, process.execPath, [
      'node_modules/typescript/bin/tsc',
      '-p',
      'tsconfig.build.json',
      '--outDir',
      'dist',
    ]);
    if (tsc.status !== 0) throw new Error(`${mutant.name} does not build:\n${tsc.stdout}`);
    const by = catcher(copy, mutant.suite);
    undo();
    if (by === null) survivors++;
    const seconds = Math.round((performance.now() - since) / 1_000);
    console.log(
      `| ${mutant.name} | ${mutant.breaks} | ${by === null ? '**survived**' : `${mutant.suite[1]}: ${by}`} | ${seconds} |`,
    );
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(
  survivors === 0 ? `\nall ${mutants.length} caught` : `\n${survivors} survived: a test is missing`,
);
process.exit(survivors === 0 ? 0 : 1);
