// Members are named once more here on purpose: the test that compares this with the layout generated from
// BTF fails for a member that is missing on either side.
#include "wire_layout.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "wire/wire.h"

namespace wf {
namespace {

using Members = std::vector<std::pair<const char*, size_t>>;

#define AT(member) \
  { #member, offsetof(Type, member) }

template <typename T>
Members MembersOf();

template <>
Members MembersOf<wf_header>() {
  using Type = wf_header;
  return {AT(boot_ns),   AT(start_ns), AT(root_start_ns), AT(seq),  AT(tgid), AT(tid),
          AT(root_tgid), AT(size),     AT(cpu),           AT(kind), AT(ring), AT(verdict)};
}

template <>
Members MembersOf<wf_process_key>() {
  using Type = wf_process_key;
  return {AT(start_ns), AT(tgid)};
}

template <>
Members MembersOf<wf_scope>() {
  using Type = wf_scope;
  return {AT(start_ns), AT(root)};
}

template <>
Members MembersOf<wf_candidate>() {
  using Type = wf_candidate;
  return {AT(kind), AT(name)};
}

template <>
Members MembersOf<wf_environment_name>() {
  using Type = wf_environment_name;
  return {AT(name)};
}

template <>
Members MembersOf<wf_inode_key>() {
  using Type = wf_inode_key;
  return {AT(inode), AT(dev)};
}

template <>
Members MembersOf<wf_tunables>() {
  using Type = wf_tunables;
  return {AT(any_exec), AT(max_call_bytes), AT(wake_bytes), AT(environment), AT(environment_first)};
}

template <>
Members MembersOf<wf_counters>() {
  using Type = wf_counters;
  return {AT(emitted), AT(lost), AT(payload_bytes_agent), AT(payload_bytes_foreign)};
}

template <>
Members MembersOf<wf_fork>() {
  using Type = wf_fork;
  return {AT(h), AT(child_start_ns), AT(child_tgid)};
}

template <>
Members MembersOf<wf_exec>() {
  using Type = wf_exec;
  return {
      AT(h),         AT(inode),           AT(dev),          AT(file_size),     AT(file_changed_ns),
      AT(cgroup_id), AT(parent_start_ns), AT(parent_tgid),  AT(uid),           AT(gid),
      AT(nlink),     AT(flags),           AT(argv_len),     AT(stdin_mode),    AT(ns_pid),
      AT(pid_ns),    AT(path_captured),   AT(cwd_captured), AT(argv_captured), AT(env_captured),
      AT(mnt_level)};
}

template <>
Members MembersOf<wf_rename>() {
  using Type = wf_rename;
  return {AT(h), AT(from), AT(to)};
}

template <>
Members MembersOf<wf_exit>() {
  using Type = wf_exit;
  return {AT(h), AT(wait_status)};
}

template <>
Members MembersOf<wf_seed>() {
  using Type = wf_seed;
  return {AT(h), AT(parent_start_ns), AT(parent_tgid), AT(uid), AT(comm)};
}

template <>
Members MembersOf<wf_tuple>() {
  using Type = wf_tuple;
  return {AT(src), AT(dst), AT(src_port), AT(dst_port), AT(family), AT(protocol)};
}

template <>
Members MembersOf<wf_flow_open>() {
  using Type = wf_flow_open;
  return {AT(h), AT(cookie), AT(tuple), AT(via), AT(netns)};
}

template <>
Members MembersOf<wf_flow_state>() {
  using Type = wf_flow_state;
  return {AT(h),     AT(cookie),    AT(bytes_sent), AT(bytes_received),
          AT(tuple), AT(old_state), AT(new_state),  AT(error)};
}

template <>
Members MembersOf<wf_flow_update>() {
  using Type = wf_flow_update;
  return {AT(h), AT(cookie), AT(datagrams), AT(bytes), AT(tuple)};
}

template <>
Members MembersOf<wf_wire_head>() {
  using Type = wf_wire_head;
  return {AT(h), AT(cookie), AT(tuple), AT(original), AT(captured), AT(offset), AT(datagram)};
}

template <>
Members MembersOf<wf_unix_open>() {
  using Type = wf_unix_open;
  return {AT(h), AT(cookie), AT(netns), AT(captured), AT(path)};
}

template <>
Members MembersOf<wf_fd_relay>() {
  using Type = wf_fd_relay;
  return {AT(h),    AT(cookie),    AT(opener), AT(opener_root),
          AT(user), AT(user_root), AT(tuple),  AT(comm)};
}

template <>
Members MembersOf<wf_tls_send>() {
  using Type = wf_tls_send;
  return {AT(h), AT(ssl), AT(call), AT(cookie), AT(plain), AT(sent)};
}

template <>
Members MembersOf<wf_tls_data>() {
  using Type = wf_tls_data;
  return {AT(h),    AT(ssl),    AT(call),     AT(socket_cookie), AT(last_receive), AT(original),
          AT(kept), AT(offset), AT(captured), AT(direction),     AT(layer),        AT(attachment)};
}

template <>
Members MembersOf<wf_tls_free>() {
  using Type = wf_tls_free;
  return {AT(h), AT(ssl)};
}

#undef AT

template <typename T>
void Add(Napi::Object layout, const char* name) {
  const Napi::Env env = layout.Env();
  Napi::Object entry = Napi::Object::New(env);
  entry.Set("SIZE", Napi::Number::New(env, sizeof(T)));
  for (const auto& [member, offset] : MembersOf<T>())
    entry.Set(member, Napi::Number::New(env, static_cast<double>(offset)));
  layout.Set(name, entry);
}

}  // namespace

Napi::Value WireLayout(const Napi::CallbackInfo& info) {
  Napi::Object layout = Napi::Object::New(info.Env());
  Add<wf_header>(layout, "wf_header");
  Add<wf_process_key>(layout, "wf_process_key");
  Add<wf_scope>(layout, "wf_scope");
  Add<wf_candidate>(layout, "wf_candidate");
  Add<wf_environment_name>(layout, "wf_environment_name");
  Add<wf_inode_key>(layout, "wf_inode_key");
  Add<wf_tunables>(layout, "wf_tunables");
  Add<wf_counters>(layout, "wf_counters");
  Add<wf_fork>(layout, "wf_fork");
  Add<wf_exec>(layout, "wf_exec");
  Add<wf_rename>(layout, "wf_rename");
  Add<wf_exit>(layout, "wf_exit");
  Add<wf_seed>(layout, "wf_seed");
  Add<wf_tuple>(layout, "wf_tuple");
  Add<wf_flow_open>(layout, "wf_flow_open");
  Add<wf_flow_state>(layout, "wf_flow_state");
  Add<wf_flow_update>(layout, "wf_flow_update");
  Add<wf_wire_head>(layout, "wf_wire_head");
  Add<wf_unix_open>(layout, "wf_unix_open");
  Add<wf_fd_relay>(layout, "wf_fd_relay");
  Add<wf_tls_send>(layout, "wf_tls_send");
  Add<wf_tls_data>(layout, "wf_tls_data");
  Add<wf_tls_free>(layout, "wf_tls_free");
  return layout;
}

}  // namespace wf
