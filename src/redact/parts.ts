import type {
  AgentDescent,
  AgentInfo,
  AgentLink as LinkInfo,
  NetInfo,
  ProcessInfo,
  SensorInfo,
  TlsInfo,
} from '../event/index.js';
import type {
  Agent,
  AgentLink,
  Descent,
  Given,
  Net,
  Process,
  Sensor,
  Tls,
} from '../record/index.js';
import type { Texts } from './texts.js';

/** Nobody reads further up; the process table cuts earlier. */
const MAX_CHAIN = 64;

export function agentPart(agent: AgentInfo, texts: Texts): Agent {
  return {
    id: texts.name('agent.id', agent.id),
    name: texts.name('agent.name', agent.name),
    session: agent.session,
    assurance: agent.assurance,
    evidence: [],
    under: agent.under === undefined ? null : descentPart(agent.under, texts),
  };
}

function descentPart({ parent, root, depth, handedOff }: AgentDescent, texts: Texts): Descent {
  const link = ({ id, session }: LinkInfo): AgentLink => ({
    id: texts.name('agent.under', id),
    session,
  });
  return { parent: link(parent), root: link(root), depth, handedOff };
}

export function processPart(process: ProcessInfo, texts: Texts): Process {
  const { pid, startNs, ppid, uid, bootstrap, container } = process;
  const { argv, cut } = texts.argv('process.argv', process.argv);
  return {
    pid,
    startNs,
    ppid,
    uid,
    exe: texts.plain('process.exe', process.exe),
    argv,
    argvTruncated: process.argvTruncated || cut,
    cwd: texts.plain('process.cwd', process.cwd),
    container: texts.id('process.container', container?.id ?? ''),
    chain: process.chain.slice(0, MAX_CHAIN).map((link) => ({
      pid: link.pid,
      exe: texts.plain('process.chain', link.exe),
    })),
    bootstrap,
    program: texts.plain('process.program', process.program ?? ''),
    nsPid: process.nsPid ?? 0,
    containerRuntime: texts.id('process.container_runtime', container?.runtime ?? ''),
    podUid: texts.id('process.pod_uid', container?.podUid ?? ''),
    image: texts.id('process.image', container?.image ?? ''),
  };
}

export function netPart(net: NetInfo, texts: Texts): Given<Net> {
  return {
    ...net,
    host: texts.plain('net.host', net.host ?? ''),
  };
}

export function tlsPart(tls: TlsInfo, texts: Texts): Given<Tls> {
  return {
    library: texts.plain('tls.library', tls.library ?? ''),
    sni: texts.name('tls.sni', tls.sni ?? ''),
    alpn: texts.names('tls.alpn', tls.alpn ?? []),
    coverage: tls.coverage ?? '',
    ja4: tls.ja4 ?? '',
    ech: tls.ech ?? false,
    quic: tls.quic ?? '',
    nameService: tls.nameService ?? '',
  };
}

export function sensorPart(sensor: SensorInfo, texts: Texts): Given<Sensor> {
  const fields = Object.entries(sensor.fields).map(([name, value]): [string, string] => [
    name,
    texts.sentence(`sensor.${name}`, value),
  ]);
  return {
    event: sensor.event,
    detail: texts.sentence('sensor.detail', sensor.detail),
    fields: Object.fromEntries(fields),
  };
}
