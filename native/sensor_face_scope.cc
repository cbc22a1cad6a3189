// SensorFace's side of Scope: who is watched, and what is asked about.
#include <string>
#include <vector>

#include "args.h"
#include "errors.h"
#include "sensor_face.h"

namespace wf {

void SensorFace::SetCandidates(const Napi::CallbackInfo& info) {
  Args args(info);
  const auto basenames = args.Texts(0, "basenames");
  const auto parents = args.Texts(1, "parents");
  const bool any_exec = args.Flag(2, "anyExec");
  if (!args.ok() || !IsOpen(info.Env())) return;
  ThrowIf(info.Env(), sensor_->scope().SetCandidates(basenames, parents, any_exec));
}

void SensorFace::SetEnvironment(const Napi::CallbackInfo& info) {
  Args args(info);
  const auto values = args.Texts(0, "values");
  const auto marks = args.Texts(1, "marks");
  const auto candidates = args.Texts(2, "candidates");
  if (!args.ok() || !IsOpen(info.Env())) return;
  ThrowIf(info.Env(), sensor_->scope().SetEnvironment(values, marks, candidates));
}

void SensorFace::SetVerdict(const Napi::CallbackInfo& info) {
  Args args(info);
  const wf_process_key root = ProcessKey(args.U32(0, "rootTgid"), args.BigU64(1, "rootStartNs"));
  const auto verdict = static_cast<uint32_t>(args.Integer(2, "verdict", WF_VERDICT_WATCHED));
  if (!args.ok() || !IsOpen(info.Env())) return;
  ThrowIf(info.Env(), sensor_->scope().SetVerdict(root, verdict));
}

void SensorFace::DeleteVerdict(const Napi::CallbackInfo& info) {
  Args args(info);
  const wf_process_key root = ProcessKey(args.U32(0, "rootTgid"), args.BigU64(1, "rootStartNs"));
  if (!args.ok() || !IsOpen(info.Env())) return;
  ThrowIf(info.Env(), sensor_->scope().DeleteVerdict(root));
}

void SensorFace::Remember(const Napi::CallbackInfo& info) {
  Args args(info);
  const wf_process_key root = ProcessKey(args.U32(0, "rootTgid"), args.BigU64(1, "rootStartNs"));
  const std::string text = args.Text(2, "text");
  if (!args.ok() || !IsOpen(info.Env())) return;
  ThrowIf(info.Env(), sensor_->scope().Remember(root, text));
}

void SensorFace::SetScope(const Napi::CallbackInfo& info) {
  Args args(info);
  const wf_process_key process = ProcessKey(args.U32(0, "tgid"), args.BigU64(1, "startNs"));
  const wf_process_key root = ProcessKey(args.U32(2, "rootTgid"), args.BigU64(3, "rootStartNs"));
  if (!args.ok() || !IsOpen(info.Env())) return;
  ThrowIf(info.Env(), sensor_->scope().SetScope(process, root));
}

void SensorFace::DeleteScope(const Napi::CallbackInfo& info) {
  Args args(info);
  const wf_process_key process = ProcessKey(args.U32(0, "tgid"), args.BigU64(1, "startNs"));
  const wf_process_key root = ProcessKey(args.U32(2, "rootTgid"), args.BigU64(3, "rootStartNs"));
  if (!args.ok() || !IsOpen(info.Env())) return;
  ThrowIf(info.Env(), sensor_->scope().DeleteScope(process, root));
}

void SensorFace::WatchRelay(const Napi::CallbackInfo& info) {
  Args args(info);
  const wf_process_key process = ProcessKey(args.U32(0, "tgid"), args.BigU64(1, "startNs"));
  if (!args.ok() || !IsOpen(info.Env())) return;
  ThrowIf(info.Env(), sensor_->scope().WatchRelay(process));
}

void SensorFace::EndRelay(const Napi::CallbackInfo& info) {
  Args args(info);
  const wf_process_key process = ProcessKey(args.U32(0, "tgid"), args.BigU64(1, "startNs"));
  if (!args.ok() || !IsOpen(info.Env())) return;
  ThrowIf(info.Env(), sensor_->scope().EndRelay(process));
}

}  // namespace wf
