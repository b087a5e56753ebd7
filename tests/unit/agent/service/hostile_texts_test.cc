// Every text of every request of every method, one after the other, is a command, a path or a line
// break: it is refused or it is a text. Nothing is run, nothing is made where the agent does not
// make things, and what it has rendered for a shell to read runs nothing.
//
// Fields are found by reflection: a new one is tried by itself.
#include "sys/digest.h"
#include "sys/subprocess.h"
#include "tests/support/method_matrix.h"
#include "tests/unit/agent/install/archive_maker.h"
#include "tests/unit/agent/service/running_agent.h"
#include "tests/unit/agent/service/three_members.h"
#include "zoowarden/v1/enrol.pb.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <future>
#include <regex>
#include <set>
#include <thread>

namespace zoowarden::agent {
namespace {

namespace fs = std::filesystem;
namespace pb = google::protobuf;

constexpr std::uint64_t kEpoch = 5;
constexpr const char* kBegin = "/zoowarden.v1.OperateService/Begin";

// One text of a message: how to change it.
struct Text {
  std::string name;
  std::function<void(pb::Message& root, const std::string& value)> set;
};

std::vector<Text> TextsOf(const pb::Descriptor* type,
                          const std::string& prefix,
                          const std::function<pb::Message*(pb::Message&)>& owner) {
  std::vector<Text> texts;
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* field = type->field(i);
    const std::string name = prefix + field->name();
    if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING) {
      texts.push_back({name, [=](pb::Message& root, const std::string& value) {
                         pb::Message* message = owner(root);
                         const auto* reflection = message->GetReflection();
                         if (field->is_repeated()) {
                           reflection->AddString(message, field, value);
                         } else {
                           reflection->SetString(message, field, value);
                         }
                       }});
    } else if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      const auto below = [=](pb::Message& root) {
        pb::Message* message = owner(root);
        const auto* reflection = message->GetReflection();
        if (!field->is_repeated()) {
          return reflection->MutableMessage(message, field);
        }
        return reflection->FieldSize(*message, field) > 0
                   ? reflection->MutableRepeatedMessage(message, field, 0)
                   : reflection->AddMessage(message, field);
      };
      const auto deeper = TextsOf(field->message_type(), name + ".", below);
      texts.insert(texts.end(), deeper.begin(), deeper.end());
    }
  }
  return texts;
}

class HostileTextsTest : public RunningAgentTest {
 protected:
  void SetUp() override {
    RunningAgentTest::SetUp();
    // No agent serves it, so nothing else here would bring its descriptor.
    ASSERT_NE(v1::EnrolRequest::descriptor(), nullptr);
    ASSERT_TRUE(Acquire(Run(kEpoch)).ok());
    const std::string archive = MakeRelease("3.8.4", "#!/bin/sh\n");
    sha512_ = sys::Digest(sys::Hash::kSha512, archive);
    ASSERT_TRUE(Upload(pki::Role::kOperator, Run(kEpoch), sha512_, archive).ok());
  }

  [[nodiscard]] std::string Mark() const { return At("mark"); }
  [[nodiscard]] std::vector<std::string> Hostile() const {
    using std::string_literals::operator""s;
    const std::string touch = "touch " + Mark();
    return {";" + touch,
            "$(" + touch + ")",
            "`" + touch + "`",
            "'; " + touch + "; '",
            "2000\n" + touch + "\n",
            "../../../../../../../../" + Mark(),
            Mark(),
            "a\0b"s,
            "-XX:OnError=" + touch,
            "java.env",
            "zookeeper-env.sh"};
  }

  // What an honest controller would send, as far as it can be known of a field.
  std::unique_ptr<pb::Message> Honest(const std::string& method) {
    std::string name = method.substr(1);
    std::replace(name.begin(), name.end(), '/', '.');
    const auto* found = pb::DescriptorPool::generated_pool()->FindMethodByName(name);
    EXPECT_NE(found, nullptr) << method;
    std::unique_ptr<pb::Message> message(
        pb::MessageFactory::generated_factory()->GetPrototype(found->input_type())->New());
    const auto* run = found->input_type()->FindFieldByName("run");
    const auto* call = found->input_type()->FindFieldByName("call");
    if (run != nullptr && run->message_type() == v1::RunHeader::descriptor()) {
      message->GetReflection()->MutableMessage(message.get(), run)->CopyFrom(Run(kEpoch));
    }
    if (call != nullptr) {
      v1::CallHeader header;
      *header.mutable_run() = Run(kEpoch);
      header.set_operation_id("op" + std::to_string(++operations_));
      header.set_sequence(1);
      message->GetReflection()->MutableMessage(message.get(), call)->CopyFrom(header);
    }
    if (auto* begin = dynamic_cast<v1::BeginRequest*>(message.get())) {
      FillBegin(*begin);
    }
    return message;
  }
  void FillBegin(v1::BeginRequest& begin) const {
    begin.set_kind("restart");
    begin.set_step_timeout_ms(60'000);
    begin.mutable_release()->set_version("3.8.4");
    begin.mutable_release()->set_sha512(sha512_);
    auto& configuration = *begin.mutable_configuration();
    for (const auto& [key, value] :
         {std::pair{"tickTime", "2000"}, {"initLimit", "10"}, {"syncLimit", "5"}}) {
      (*configuration.mutable_settings())[key] = value;
    }
    configuration.set_client_port(2181);
    configuration.set_java_heap("128m");
    auto& file = *configuration.add_files();
    file.set_name("notes.txt");
    file.set_content("a template");
    AddThreeMembers(configuration);
  }

  grpc::Status Send(const std::string& method, const pb::Message& message) {
    grpc::ClientContext context;
    // Watch would go on for ever.
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::milliseconds(method.ends_with("/Watch") ? 100 : 20'000));
    grpc::Slice slice(message.SerializeAsString());
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer reply;
    std::promise<grpc::Status> done;
    grpc::GenericStub stub(Channel(pki::Role::kOperator));
    stub.UnaryCall(&context, method, {}, &request, &reply, [&done](grpc::Status status) {
      done.set_value(std::move(status));
    });
    return done.get_future().get();
  }

  // Waits for what Begin has started, and ends it. The state in which it ended by itself.
  std::string SettleOperation() {
    const auto ends = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    auto operation = core_->Look({}).operation;
    while (operation.state == model::OperationState::kStaging &&
           std::chrono::steady_clock::now() < ends) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      operation = core_->Look({}).operation;
    }
    v1::CloseRequest close;
    *close.mutable_call()->mutable_run() = Run(kEpoch);
    close.mutable_call()->set_operation_id(operation.operation_id);
    close.mutable_call()->set_sequence(1'000);
    static_cast<void>(Send("/zoowarden.v1.OperateService/Close", close));
    WaitForRemovals();
    return std::string(model::OperationStateName(operation.state));
  }

  // Every path that is none of the agent's own kind; keys are the tests'.
  [[nodiscard]] std::vector<std::string> Strange() const {
    static const std::regex known(
        "(ca|key[0-9]+)(/.*)?|state|state/(journal\\.db[a-z.-]*|uploads|uploads/[0-9a-f]{128}\\."
        "(archive|part|signature))|releases|releases/3\\.8\\.4-[0-9a-f]{8}(/(bin|lib)(/[A-Za-z.]+)?"
        "|/zoowarden-release\\.json)?|logs|generations|generations/"
        "start-conditions\\.json|generations/[0-9a-f]{16}(/(release|ran|"
        "generation\\.json|conf|conf/[A-Za-z0-9_-][A-Za-z0-9._-]*))?");
    std::vector<std::string> strange;
    for (const auto& entry : fs::recursive_directory_iterator(scratch_->path())) {
      const std::string path = entry.path().lexically_relative(scratch_->path());
      if (!std::regex_match(path, known)) {
        strange.push_back(path);
      }
    }
    return strange;
  }

  // As zkEnv.sh of a release does before it starts a server.
  void SourceWhatAShellWouldRead() {
    for (const auto& entry : fs::recursive_directory_iterator(At("generations"))) {
      const std::string name = entry.path().filename();
      if (!sourced_.contains(entry.path()) && (name == "java.env" || name == "zookeeper-env.sh")) {
        sourced_.insert(entry.path());
        EXPECT_EQ(name, "java.env") << "a script from outside";
        ASSERT_TRUE(sys::RunProgram({.executable = "/bin/bash",
                                     .arguments = {"-c", ". " + entry.path().native()},
                                     .timeout = std::chrono::seconds(10)}));
      }
    }
  }

  std::string sha512_;
  int operations_ = 0;
  std::set<fs::path> sourced_;
};

TEST_F(HostileTextsTest, AnHonestBeginIsStaged) {
  const auto status = Send(kBegin, *Honest(kBegin));
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(SettleOperation(), "staged");
  EXPECT_THAT(Strange(), ::testing::IsEmpty());
}

TEST_F(HostileTextsTest, NoTextOfAnyRequestIsACommandOrAPath) {
  int tried = 0;
  int accepted = 0;
  for (const test::MatrixRow& row : test::kMethodMatrix) {
    const std::string method(row.method);
    const auto* type = Honest(method)->GetDescriptor();
    for (const Text& text : TextsOf(type, "", [](pb::Message& root) { return &root; })) {
      for (const std::string& value : Hostile()) {
        const auto message = Honest(method);
        text.set(*message, value);
        const bool ok = Send(method, *message).ok();
        accepted += ok ? 1 : 0;
        ++tried;
        if (ok && method == kBegin) {
          SettleOperation();
        }
        ASSERT_FALSE(fs::exists(Mark())) << method << " " << text.name << " " << value;
      }
      ASSERT_THAT(Strange(), ::testing::IsEmpty()) << method << " " << text.name;
    }
    ASSERT_NO_FATAL_FAILURE(SourceWhatAShellWouldRead()) << method;
    ASSERT_FALSE(fs::exists(Mark())) << method;
  }
  // The agent is as it was.
  EXPECT_TRUE(Send(kBegin, *Honest(kBegin)).ok());
  EXPECT_EQ(SettleOperation(), "staged");
  EXPECT_GT(tried, 500);
  EXPECT_GT(accepted, 50) << "most never came past the first check";
}

// What is written for a shell, and with it what a shell would do, is the agent's only.
TEST_F(HostileTextsTest, AFileThatTheStartScriptsRunIsNoTemplate) {
  for (const char* name : {"java.env", "zookeeper-env.sh"}) {
    const auto message = Honest(kBegin);
    auto& file = *dynamic_cast<v1::BeginRequest&>(*message).mutable_configuration()->add_files();
    file.set_name(name);
    file.set_content("touch " + Mark() + "\n");
    static_cast<void>(Send(kBegin, *message));
    EXPECT_NE(SettleOperation(), "staged") << name;
  }
  ASSERT_NO_FATAL_FAILURE(SourceWhatAShellWouldRead());
  EXPECT_FALSE(fs::exists(Mark()));
}

}  // namespace
}  // namespace zoowarden::agent
