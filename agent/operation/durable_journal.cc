#include "agent/operation/durable_journal.h"

#include "journal/agent_journal.h"

#include <nlohmann/json.hpp>

namespace zoowarden::agent {
namespace {

using base::ErrorCode;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr const char* kReleased = "released";

base::Error Damaged(const std::string& what) {
  return {ErrorCode::kDataLoss,
          "journal.damaged",
          "the journal's " + what + " cannot be read; restore the state directory from a copy"};
}

std::optional<ErrorCode> ParseErrorCode(std::string_view name) {
  for (int value = 0; value <= static_cast<int>(ErrorCode::kCancelled); ++value) {
    if (base::ErrorCodeName(static_cast<ErrorCode>(value)) == name) {
      return static_cast<ErrorCode>(value);
    }
  }
  return std::nullopt;
}

std::string PayloadOf(const StoredOperation& operation) {
  return json{{"step_timeout_ms", operation.step_timeout.count()},
              {"stop_timeout_ms", operation.stop_timeout.count()},
              {"started_by", operation.started_by},
              {"intended_pid", operation.intended.pid},
              {"intended_time", operation.intended.start_time},
              {"intended_at_ms", operation.intended_at.count()},
              {"signalled_pid", operation.signalled.pid},
              {"signalled_time", operation.signalled.start_time},
              {"signalled_at_ms", operation.signalled_at.count()},
              {"served_pid", operation.served.pid},
              {"served_time", operation.served.start_time},
              {"made_data", operation.made_data},
              {"transitions", operation.transitions},
              {"changes", operation.changes}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

journal::OperationRow RowOf(const StoredOperation& operation, std::uint64_t sequence) {
  return {.operation_id = operation.operation_id,
          .run_id = operation.run_id,
          .epoch = operation.epoch,
          .sequence = sequence,
          .kind = operation.kind,
          .from_generation = operation.from,
          .to_generation = operation.to,
          .state = operation.state,
          .outcome = operation.failure,
          .outcome_reason = operation.failure_reason,
          .proved = operation.proved,
          .started_pid = operation.started.pid,
          .started_time = operation.started.start_time,
          .deadline_ms = operation.deadline.count(),
          .boot_id = operation.boot_id,
          .payload_json = PayloadOf(operation)};
}

base::Result<StoredOperation> OperationOf(const journal::OperationRow& row) {
  const json payload = json::parse(row.payload_json, nullptr, /*allow_exceptions=*/false);
  if (!payload.is_object()) {
    return base::Fail(Damaged("operation " + row.operation_id));
  }
  // A missing member is what an older program wrote; its zero is the safe value.
  const auto number = [&payload](const char* key) {
    const auto found = payload.find(key);
    return found != payload.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
  };
  const auto by = payload.find("started_by");
  return StoredOperation{
      .operation_id = row.operation_id,
      .run_id = row.run_id,
      .epoch = row.epoch,
      .kind = row.kind,
      .state = row.state,
      .from = row.from_generation,
      .to = row.to_generation,
      .proved = row.proved,
      .made_data = payload.value("made_data", json()) == json(true),
      .deadline = milliseconds(row.deadline_ms),
      .boot_id = row.boot_id,
      .step_timeout = milliseconds(number("step_timeout_ms")),
      .stop_timeout = milliseconds(number("stop_timeout_ms")),
      .started = {.pid = row.started_pid, .start_time = row.started_time},
      .started_by = by != payload.end() && by->is_string() ? by->get<std::string>() : "",
      .served = {.pid = static_cast<std::int32_t>(number("served_pid")),
                 .start_time = static_cast<std::uint64_t>(number("served_time"))},
      .intended = {.pid = static_cast<std::int32_t>(number("intended_pid")),
                   .start_time = static_cast<std::uint64_t>(number("intended_time"))},
      .intended_at = milliseconds(number("intended_at_ms")),
      .signalled = {.pid = static_cast<std::int32_t>(number("signalled_pid")),
                    .start_time = static_cast<std::uint64_t>(number("signalled_time"))},
      .signalled_at = milliseconds(number("signalled_at_ms")),
      .failure = row.outcome,
      .failure_reason = row.outcome_reason,
      .transitions = static_cast<int>(number("transitions")),
      .changes = static_cast<std::uint64_t>(std::max(number("changes"), number("transitions")))};
}

journal::CallKey KeyOf(const CallIdentity& call) {
  return {.run_id = call.run.run_id,
          .epoch = call.run.epoch,
          .operation_id = call.operation_id,
          .sequence = call.sequence};
}

std::string PrintOutcome(const RecordedOutcome& outcome) {
  if (!outcome.error) {
    return json{{"state", model::OperationStateName(outcome.state)}}.dump();
  }
  return json{{"code", base::ErrorCodeName(outcome.error->code())},
              {"reason", outcome.error->reason()},
              {"message", outcome.error->message()}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

base::Result<RecordedOutcome> ParseOutcome(const journal::RecordedCall& call) {
  const json parsed = json::parse(call.outcome, nullptr, /*allow_exceptions=*/false);
  const auto text = [&parsed](const char* key) {
    const auto found = parsed.is_object() ? parsed.find(key) : parsed.end();
    return found != parsed.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  RecordedOutcome outcome{.method = call.method};
  if (const auto state = model::ParseOperationState(text("state"))) {
    outcome.state = *state;
    return outcome;
  }
  const auto code = ParseErrorCode(text("code"));
  if (!code) {
    return base::Fail(Damaged("record of call " + std::to_string(call.key.sequence)));
  }
  outcome.error = base::Error(*code, text("reason"), text("message"));
  return outcome;
}

}  // namespace

base::Result<StoredOperation> DurableOperationJournal::LoadOperation() {
  ZW_ASSIGN(const auto row, journal_->LastOperation());
  return row ? OperationOf(*row) : StoredOperation{};
}

base::Status DurableOperationJournal::Save(const JournalChange& change) {
  journal::OperationChange row;
  if (change.operation != nullptr) {
    row.operation = RowOf(*change.operation, change.call != nullptr ? change.call->sequence : 0);
  }
  if (change.history) {
    row.transition = journal::TransitionRow{.time_ms = change.history->wall_time.count(),
                                            .operation_id = change.history->operation_id,
                                            .from_state = change.history->from_state,
                                            .event = change.history->event,
                                            .to_state = change.history->state,
                                            .detail = change.history->detail};
  }
  if (change.outcome) {
    row.call = journal::RecordedCall{.key = KeyOf(*change.call),
                                     .method = change.outcome->method,
                                     .outcome = PrintOutcome(*change.outcome)};
  }
  const bool audited = change.outcome && audited_ != nullptr;
  if (audited) {
    const auto& error = change.outcome->error;
    row.audited = WithOutcome(audited_->entry, error ? &*error : nullptr);
  }
  ZW_TRY(journal_->Commit(row));
  if (audited) {
    audited_->recorded = true;
  }
  return base::Ok();
}

base::Result<std::optional<RecordedOutcome>> DurableOperationJournal::FindOutcome(
    const CallIdentity& call) {
  ZW_ASSIGN(const auto recorded, journal_->FindCall(KeyOf(call)));
  if (!recorded) {
    return std::optional<RecordedOutcome>();
  }
  ZW_ASSIGN(RecordedOutcome outcome, ParseOutcome(*recorded));
  return std::optional(std::move(outcome));
}

base::Result<Fence> DurableOperationJournal::LoadFence() {
  ZW_ASSIGN(const journal::LeaseRow row, journal_->LoadLease());
  return Fence{.owner = {.run_id = row.run_id, .epoch = row.epoch, .holder = row.holder},
               .released = row.text == kReleased};
}

base::Status DurableOperationJournal::SaveFence(const Fence& fence) {
  std::optional<journal::AuditEntry> entry;
  if (audited_ != nullptr) {
    entry = WithOutcome(audited_->entry, nullptr);
  }
  ZW_TRY(journal_->SaveLease({.epoch = fence.owner.epoch,
                              .holder = fence.owner.holder,
                              .run_id = fence.owner.run_id,
                              .text = fence.released ? kReleased : ""},
                             entry));
  if (audited_ != nullptr) {
    audited_->recorded = true;
  }
  return base::Ok();
}

}  // namespace zoowarden::agent
