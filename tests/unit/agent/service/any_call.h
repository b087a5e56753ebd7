// Calls of any method by its name, with a request in which every field is set.
#pragma once

#include "tests/unit/agent/service/running_agent.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <future>
#include <memory>
#include <string>

namespace zoowarden::agent {

inline constexpr std::uint64_t kEpoch = 5;

class AnyCallTest : public RunningAgentTest {
 protected:
  // Headers name the run that holds the agent, as anybody may know it; every text is "x".
  static void Fill(google::protobuf::Message& message) {
    using Field = google::protobuf::FieldDescriptor;
    const auto* descriptor = message.GetDescriptor();
    const auto* reflection = message.GetReflection();
    if (descriptor->name() == "RunHeader") {
      dynamic_cast<v1::RunHeader&>(message) = Run(kEpoch + 1);
      return;
    }
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const auto* field = descriptor->field(i);
      if (field->is_repeated()) {
        continue;
      }
      switch (field->cpp_type()) {
        case Field::CPPTYPE_MESSAGE:
          Fill(*reflection->MutableMessage(&message, field));
          break;
        case Field::CPPTYPE_STRING:
          reflection->SetString(&message, field, "x");
          break;
        case Field::CPPTYPE_BOOL:
          reflection->SetBool(&message, field, true);
          break;
        default:
          break;
      }
    }
  }

  static std::string RequestOf(std::string method) {
    std::replace(method.begin(), method.end(), '/', '.');
    const auto* found =
        google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(method.substr(1));
    EXPECT_NE(found, nullptr) << method;
    const std::unique_ptr<google::protobuf::Message> message(
        google::protobuf::MessageFactory::generated_factory()
            ->GetPrototype(found->input_type())
            ->New());
    Fill(*message);
    return message->SerializeAsString();
  }

  grpc::Status Call(pki::Role role, const std::string& method, const std::string& content) {
    grpc::ClientContext context;
    // Watch would go on for ever.
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
    grpc::Slice slice(content);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer reply;
    std::promise<grpc::Status> done;
    grpc::GenericStub stub(Channel(role));
    stub.UnaryCall(&context, method, {}, &request, &reply, [&done](grpc::Status status) {
      done.set_value(std::move(status));
    });
    return done.get_future().get();
  }
  grpc::Status Call(pki::Role role, std::string_view method) {
    return Call(role, std::string(method), RequestOf(std::string(method)));
  }
};

}  // namespace zoowarden::agent
