#include "posix_face.h"

#include <string>
#include <vector>

#include "args.h"
#include "errors.h"
#include "posix.h"

namespace wf {
namespace {

/** Throws the refusal, or converts the value. */
template <typename T, typename Convert>
Napi::Value Answer(Napi::Env env, Result<T> result, Convert convert) {
  if (result.ok()) return convert(result.value());
  Throw(env, result.refusal());
  return env.Undefined();
}

Napi::Value Answer(Napi::Env env, Result<Fd> result) {
  return Answer(env, std::move(result),
                [env](Fd& fd) { return Napi::Number::New(env, fd.Release()); });
}

Napi::Value Answer(Napi::Env env, Result<bool> result) {
  return Answer(env, std::move(result), [env](bool yes) { return Napi::Boolean::New(env, yes); });
}

Napi::Value PeerCredentials(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Args args(info);
  const int fd = args.Descriptor(0, "fd");
  if (!args.ok()) return env.Undefined();
  return Answer(env, posix::PeerCredentials(fd), [env](const posix::Credentials& peer) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("pid", Napi::Number::New(env, peer.pid));
    object.Set("uid", Napi::Number::New(env, peer.uid));
    object.Set("gid", Napi::Number::New(env, peer.gid));
    return object;
  });
}

Napi::Value PeerPidfd(const Napi::CallbackInfo& info) {
  Args args(info);
  const int fd = args.Descriptor(0, "fd");
  return args.ok() ? Answer(info.Env(), posix::PeerPidfd(fd)) : info.Env().Undefined();
}

Napi::Value PidfdOpen(const Napi::CallbackInfo& info) {
  Args args(info);
  const int pid = args.Descriptor(0, "pid");
  return args.ok() ? Answer(info.Env(), posix::PidfdOpen(pid)) : info.Env().Undefined();
}

Napi::Value PidfdAlive(const Napi::CallbackInfo& info) {
  Args args(info);
  const int pidfd = args.Descriptor(0, "pidfd");
  return args.ok() ? Answer(info.Env(), posix::PidfdAlive(pidfd)) : info.Env().Undefined();
}

Napi::Value FlockExclusive(const Napi::CallbackInfo& info) {
  Args args(info);
  const int fd = args.Descriptor(0, "fd");
  return args.ok() ? Answer(info.Env(), posix::FlockExclusive(fd)) : info.Env().Undefined();
}

Napi::Value SdNotify(const Napi::CallbackInfo& info) {
  Args args(info);
  const std::string state = args.Text(0, "state");
  return args.ok() ? Answer(info.Env(), posix::SdNotify(state)) : info.Env().Undefined();
}

Napi::Value ReceiveFds(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Args args(info);
  constexpr uint64_t kMaxMessage = 1024 * 1024;
  const int fd = args.Descriptor(0, "fd");
  const uint64_t max_bytes = args.Integer(1, "maxBytes", kMaxMessage);
  if (!args.ok()) return env.Undefined();
  return Answer(env, posix::ReceiveFds(fd, max_bytes), [env](posix::Message& message) {
    Napi::Array fds = Napi::Array::New(env, message.fds.size());
    for (uint32_t i = 0; i < message.fds.size(); ++i) fds.Set(i, message.fds[i].Release());
    Napi::Object object = Napi::Object::New(env);
    object.Set("data", Napi::Buffer<uint8_t>::Copy(env, message.data.data(), message.data.size()));
    object.Set("fds", fds);
    return object;
  });
}

void SendFds(const Napi::CallbackInfo& info) {
  Args args(info);
  const int fd = args.Descriptor(0, "fd");
  const std::vector<int> fds = args.Descriptors(2, "fds");
  if (args.ok() && !info[1].IsBuffer()) args.Fail("data", "must be a Buffer");
  if (!args.ok()) return;
  const auto data = info[1].As<Napi::Buffer<uint8_t>>();
  if (auto refused = posix::SendFds(fd, data.Data(), data.Length(), fds))
    Throw(info.Env(), *refused);
}

void SetDumpable(const Napi::CallbackInfo& info) {
  Args args(info);
  const bool on = args.Flag(0, "on");
  if (!args.ok()) return;
  if (auto refused = posix::SetDumpable(on)) Throw(info.Env(), *refused);
}

Napi::Value ReadClocks(const Napi::CallbackInfo& info) {
  const posix::Clocks clocks = posix::ReadClocks();
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("bootNs", Napi::BigInt::New(info.Env(), clocks.boot_ns));
  object.Set("wallNs", Napi::BigInt::New(info.Env(), clocks.wall_ns));
  return object;
}

}  // namespace

Napi::Object DefinePosix(Napi::Env env) {
  Napi::Object face = Napi::Object::New(env);
  face.Set("peerCredentials", Napi::Function::New<PeerCredentials>(env, "peerCredentials"));
  face.Set("peerPidfd", Napi::Function::New<PeerPidfd>(env, "peerPidfd"));
  face.Set("pidfdOpen", Napi::Function::New<PidfdOpen>(env, "pidfdOpen"));
  face.Set("pidfdAlive", Napi::Function::New<PidfdAlive>(env, "pidfdAlive"));
  face.Set("flockExclusive", Napi::Function::New<FlockExclusive>(env, "flockExclusive"));
  face.Set("sdNotify", Napi::Function::New<SdNotify>(env, "sdNotify"));
  face.Set("receiveFds", Napi::Function::New<ReceiveFds>(env, "receiveFds"));
  face.Set("sendFds", Napi::Function::New<SendFds>(env, "sendFds"));
  face.Set("setDumpable", Napi::Function::New<SetDumpable>(env, "setDumpable"));
  face.Set("clocks", Napi::Function::New<ReadClocks>(env, "clocks"));
  return face;
}

}  // namespace wf
