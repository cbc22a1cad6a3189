import t from 'tap';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { containerOf } from '../../../src/host/cgroup.js';
import { Containers } from '../../../src/host/container.js';

const id = '0123456789abcdef'.repeat(4);
const other = 'fedcba9876543210'.repeat(4);
const pod = '2b6b1f0e-7d1c-4a53-9a3e-5d8f3f0c1a2b';
const inSlice = pod.replaceAll('-', '_');
const slices = `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${inSlice}.slice`;

t.test('a cgroup names its container, with runtime and pod where it tells them', async (t) => {
  const cases: readonly (readonly [path: string, runtime: string, podUid: string])[] = [
    [`/docker/${id}`, 'docker', ''],
    [`/system.slice/docker-${id}.scope`, 'docker', ''],
    [`/system.slice/docker-${id}.scope/init.scope`, 'docker', ''],
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope`, 'podman', ''],
    [`/machine.slice/libpod-${id}.scope/container`, 'podman', ''],
    [`/libpod_parent/libpod-${id}`, 'podman', ''],
    [`${slices}/cri-containerd-${id}.scope`, 'containerd', pod],
    [`${slices}/crio-${id}.scope`, 'cri-o', pod],
    [`${slices}/docker-${id}.scope`, 'docker', pod],
    [`/kubepods.slice/kubepods-pod${inSlice}.slice/cri-containerd-${id}.scope`, 'containerd', pod],
    [`/kubepods/burstable/pod${pod}/${id}`, '', pod],
    [`/kubepods/pod${pod}/crio-${id}`, 'cri-o', pod],
    [`/kubepods/besteffort/pod${'ab'.repeat(16)}/${id}`, '', 'ab'.repeat(16)],
    [
      `/system.slice/containerd.service/kubepods-besteffort-pod${inSlice}.slice:cri-containerd:${id}`,
      'containerd',
      pod,
    ],
    [`/docker/${other}/docker/${id}`, 'docker', ''],
    [
      `/docker/${other}/kubelet.slice/kubelet-kubepods-pod${inSlice}.slice/cri-containerd-${id}.scope`,
      'containerd',
      pod,
    ],
    [`/kubepods/pod${'ab'.repeat(16)}/${other}/kubepods/burstable/pod${pod}/${id}`, '', pod],
    [`/default/nerdctl-${id}.scope`, 'containerd', ''],
    [`/docker-${id}.scope/libpod-conmon-${other}.scope`, 'docker', ''],
  ];
  for (const [path, runtime, podUid] of cases) {
    t.same(containerOf(`0::${path}\n`), { id, runtime, podUid }, path);
    t.same(containerOf(`9:memory:${path}\n1:name=systemd:/\n0::/\n`)?.id, id, `${path}, version 1`);
  }
});

t.test('containers without such a number have the name they were given', async (t) => {
  t.match(containerOf('0::/lxc.payload.web-1/init.scope'), { id: 'web-1', runtime: '' });
  t.match(containerOf('0::/machine.slice/systemd-nspawn@web.service/payload'), { id: 'web' });
  t.match(containerOf('0::/machine.slice/machine-a\\x2db.scope'), { id: 'a-b' });
});

t.test('what is in no container is said to be in none', async (t) => {
  for (const path of [
    '/',
    '/user.slice/user-1000.slice/session-1.scope',
    `/machine.slice/libpod-conmon-${id}.scope`,
    `${slices}/crio-conmon-${id}.scope`,
    `/machine.slice/machine-qemu\\x2d1\\x2dvm.scope`,
    `/x/${id}0`,
    `/x/${id.toUpperCase()}`,
    `/constructor-${id}.slice`,
    `/lxc.payload.${'x'.repeat(200)}`,
  ]) {
    t.equal(containerOf(`0::${path}\n`), null, path);
  }
  t.equal(containerOf('odd\n\n:::\n'), null);
  t.match(containerOf(`0::/constructor-${id}`), { runtime: '' }, 'no runtime of ours');
});

const scope = (name: string): string => `0::/x/${name}-${id}.scope\n`;
const bundle = (annotations: Record<string, string>): string => JSON.stringify({ annotations });

t.test("the image is what the runtime's own state says", async (t) => {
  const image = (tree: object, cgroups: string): string | undefined =>
    new Containers(t.testdir(tree as never)).of(cgroups)?.image;
  const docker = {
    'config.v2.json': JSON.stringify({ Config: { Image: 'nginx:1' }, Image: 'sha256:1' }),
  };
  const dockers = { var: { lib: { docker: { containers: { [id]: docker } } } } };
  t.equal(image(dockers, scope('docker')), 'nginx:1');
  const named = bundle({ 'io.kubernetes.cri.image-name': 'ghcr.example/a:2' });
  const tasks = { moby: {}, 'k8s.io': { [id]: { 'config.json': named } } };
  const containerd = { run: { containerd: { 'io.containerd.runtime.v2.task': tasks } } };
  t.equal(image(containerd, scope('cri-containerd')), 'ghcr.example/a:2');
  t.equal(image(containerd, `0::/kubepods/burstable/pod${pod}/${id}\n`), 'ghcr.example/a:2');
  const storage = (containers: object) => ({
    run: { containers: { storage: { 'overlay-containers': containers } } },
  });
  const annotated = bundle({ 'io.kubernetes.cri-o.ImageName': 'quay.example/b:3' });
  const crio = storage({ [id]: { userdata: { 'config.json': annotated } } });
  t.equal(image(crio, scope('crio')), 'quay.example/b:3');
  const metadata = JSON.stringify({ 'image-name': 'docker.io/library/c:4' });
  const list = JSON.stringify([
    { id: other, metadata: '{}' },
    { id, metadata },
  ]);
  t.equal(image(storage({ 'containers.json': list }), scope('libpod')), 'docker.io/library/c:4');
  t.equal(image({}, scope('docker')), '');
});

t.test('hostile state is no image, blocks nothing and throws nothing', async (t) => {
  const dir = t.testdir({ var: { lib: { docker: { containers: {} } } } });
  const place = join(dir, 'var/lib/docker/containers', id);
  mkdirSync(place);
  const imageOf = () => new Containers(dir).of(scope('docker'))?.image;
  execFileSync('mkfifo', [join(place, 'config.v2.json')]);
  t.equal(imageOf(), '', 'a FIFO nobody writes to');
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"Config":"x"}',
    '{"Config":{"Image":7}}',
    `{"Config":{"Image":"${'x'.repeat(513)}"}}`,
    `{"Config":{"Image":"x"},"pad":"${'x'.repeat(1024 * 1024)}"}`,
    '{"__proto__":{"Config":{"Image":"x"}}}',
  ]) {
    rmSync(join(place, 'config.v2.json'));
    writeFileSync(join(place, 'config.v2.json'), text);
    t.equal(imageOf(), '', text.slice(0, 40));
  }
  t.match(new Containers(dir).of('0::/lxc.payload.....\n'), { image: '' }, 'no name is a path');
});

t.test('an image is read once, and what was not told is asked for again later', async (t) => {
  const tree = (image: string) => ({
    var: { lib: { docker: { containers: image === '' ? {} : { [id]: config(image) } } } },
  });
  const config = (image: string) => ({
    'config.v2.json': JSON.stringify({ Config: { Image: image } }),
  });
  let nowMs = 0;
  const containers = new Containers(t.testdir(tree('')), () => nowMs);
  const image = () => containers.of(scope('docker'))?.image;
  t.equal(image(), '');
  t.testdir(tree('nginx:1'));
  t.equal(image(), '', 'not asked again yet');
  nowMs = 10_000;
  t.equal(image(), 'nginx:1');
  t.testdir(tree('nginx:2'));
  nowMs = 99_000;
  t.equal(image(), 'nginx:1', 'the image of a container does not change');
});
