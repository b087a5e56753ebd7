// Members that apply one log of transactions, each as far as chance has it: whenever one is read it
// may have moved on, and clients may have written. What they show is what a ZooKeeper ensemble
// would show under load, without its servers.
#pragma once

#include "controller/run/tree_verification.h"
#include "sys/manual_clock.h"
#include "tests/unit/controller/cli/fake_world.h"

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace zoowarden::controller {

class ModelledTrees final : public SpokenAgents, public TreeAgents {
 public:
  using Nodes = std::map<std::string, model::ZnodeFacts>;
  using Transaction = std::function<void(Nodes&, model::Zxid)>;

  ModelledTrees(std::uint32_t members, std::uint32_t seed) : SpokenAgents(words_), random_(seed) {
    for (std::uint32_t id = 1; id <= members; ++id) {
      members_[{id}];
    }
    Write([](Nodes& nodes, model::Zxid) { nodes["/"]; });
  }

  void Write(Transaction transaction) { log_.push_back(std::move(transaction)); }
  void Create(const std::string& path, std::uint32_t data) {
    Write([=](Nodes& nodes, model::Zxid zxid) {
      if (nodes.contains(path) || !nodes.contains(Parent(path))) {
        return;
      }
      nodes[path] = {
          .created = zxid, .modified = zxid, .data_bytes = 4, .data_crc = data, .acl_crc = 1};
      ++nodes[Parent(path)].cversion;
    });
  }
  void Set(const std::string& path, std::uint32_t data) {
    Write([=](Nodes& nodes, model::Zxid zxid) {
      if (const auto found = nodes.find(path); found != nodes.end()) {
        found->second.modified = zxid;
        found->second.data_crc = data;
        ++found->second.version;
      }
    });
  }
  void SetAcl(const std::string& path, std::uint32_t acl) {
    Write([=](Nodes& nodes, model::Zxid) {
      if (const auto found = nodes.find(path); found != nodes.end()) {
        found->second.acl_crc = acl;
        ++found->second.aversion;
      }
    });
  }
  void Delete(const std::string& path) {
    Write([=](Nodes& nodes, model::Zxid) {
      if (nodes.erase(path) > 0) {
        ++nodes[Parent(path)].cversion;
      }
    });
  }

  // Before each look at a member.
  std::function<void()> load = [] {};
  // What this member shows is not what it was told.
  std::map<model::ServerId, std::function<void(Nodes&)>> damage;
  std::set<std::pair<model::ServerId, std::string>> forbidden;
  // Of a znode like this, every member.
  std::function<bool(const model::ZnodeFacts&)> hides = [](const auto&) { return false; };

  void ApplyAll() {
    for (auto& [id, member] : members_) {
      Apply(member, log_.size());
    }
  }

  base::Result<controller::Canary> CommitCanary(model::ServerId through,
                                                const RunIdentity&,
                                                std::chrono::milliseconds,
                                                const std::string&) override {
    load();
    Write([](Nodes&, model::Zxid) {});
    Apply(members_.at(through), log_.size());
    return controller::Canary{.zxid = {log_.size()}, .method = "failed_write"};
  }

  std::unique_ptr<TreeWalk> Walk(model::ServerId server, const WalkRequest& request) override {
    EXPECT_EQ(kept_leases_, 1) << "nobody renews the lease";
    return std::make_unique<ModelledWalk>(*this, server, request.at_least);
  }

  // What was asked for by one ReadZnodes.
  struct Asked {
    std::set<model::ServerId> servers;
    std::size_t paths = 0;
    std::size_t bytes = 0;  // of the paths
  };
  std::vector<Asked> asked;
  std::function<void()> on_read = [] {};

  std::vector<Answer<std::vector<model::Znode>>> ReadZnodes(
      const RunIdentity&,
      const std::set<model::ServerId>& servers,
      model::Zxid at_least,
      const std::vector<std::string>& paths) override {
    EXPECT_EQ(kept_leases_, 1) << "nobody renews the lease";
    auto& now = asked.emplace_back(Asked{.servers = servers, .paths = paths.size()});
    for (const auto& path : paths) {
      now.bytes += path.size();
    }
    on_read();
    std::vector<Answer<std::vector<model::Znode>>> answers;
    for (const auto id : servers) {
      std::vector<model::Znode> znodes;
      for (const auto& path : paths) {
        const auto& nodes = LookAt(id, at_least);
        const auto found = nodes.find(path);
        znodes.push_back(found == nodes.end() ? model::Znode{.path = path} : Shown(id, *found));
      }
      answers.push_back({id, std::move(znodes)});
    }
    return answers;
  }

  std::unique_ptr<LeaseRenewal> KeepLease(const RunIdentity&) override {
    return std::make_unique<Kept>(kept_leases_);
  }

 private:
  struct Kept final : LeaseRenewal {
    explicit Kept(int& leases) : leases_(leases) { ++leases_; }
    ~Kept() override { --leases_; }
    int& leases_;
  };

  struct Member {
    Nodes nodes;
    std::size_t applied = 0;
  };

  class ModelledWalk final : public TreeWalk {
   public:
    ModelledWalk(ModelledTrees& trees, model::ServerId server, model::Zxid at_least)
        : trees_(trees), server_(server), at_least_(at_least) {}
    base::Result<std::vector<model::Znode>> Next() override {
      std::vector<model::Znode> batch;
      const auto size = 1 + trees_.Chance(4);
      while (batch.size() < size) {
        const auto& nodes = trees_.LookAt(server_, at_least_);
        const Nodes::value_type* next = nullptr;
        for (const auto& node : nodes) {
          const bool behind = last_.empty() || model::ComparePaths(last_, node.first) < 0;
          if (behind && (next == nullptr || model::ComparePaths(node.first, next->first) < 0)) {
            next = &node;
          }
        }
        if (next == nullptr) {
          break;
        }
        last_ = next->first;
        batch.push_back(trees_.Shown(server_, *next));
      }
      return batch;
    }

   private:
    ModelledTrees& trees_;
    model::ServerId server_;
    model::Zxid at_least_;
    std::string last_;
  };

  static std::string Parent(const std::string& path) {
    const auto parent = path.substr(0, path.rfind('/'));
    return parent.empty() ? "/" : parent;
  }

  std::uint32_t Chance(std::uint32_t below) {
    return static_cast<std::uint32_t>(random_()) % below;
  }

  void Apply(Member& member, std::size_t until) {
    for (; member.applied < until; ++member.applied) {
      log_[member.applied](member.nodes, {member.applied + 1});
    }
  }

  const Nodes& LookAt(model::ServerId id, model::Zxid at_least) {
    load();
    auto& member = members_.at(id);
    Apply(member, std::max<std::size_t>(member.applied, at_least.value));
    Apply(member,
          member.applied + Chance(static_cast<std::uint32_t>(log_.size() - member.applied + 1)));
    shown_ = member.nodes;
    if (const auto found = damage.find(id); found != damage.end()) {
      found->second(shown_);
    }
    return shown_;
  }

  model::Znode Shown(model::ServerId id, const Nodes::value_type& node) const {
    if (forbidden.contains({id, node.first}) || hides(node.second)) {
      return {.path = node.first, .sight = model::Sight::kForbidden};
    }
    return {.path = node.first, .sight = model::Sight::kPresent, .facts = node.second};
  }

  AgentWords words_;
  std::mt19937 random_;
  std::vector<Transaction> log_;
  std::map<model::ServerId, Member> members_;
  Nodes shown_;
  int kept_leases_ = 0;
};

inline std::string Quiet(int number) { return "/quiet/" + std::to_string(number); }

// All members.
inline TreeVerifyOptions OptionsFor(std::uint32_t members) {
  TreeVerifyOptions options{.run = {}, .canary_through = {1}};
  for (std::uint32_t id = 1; id <= members; ++id) {
    options.servers.insert({id});
  }
  return options;
}

inline TreeVerdict Verify(ModelledTrees& trees,
                          const TreeVerifyOptions& options,
                          sys::Clock& clock) {
  const auto verdict = VerifyTrees(trees, trees, clock, options);
  EXPECT_TRUE(verdict) << verdict.error().message();
  return verdict.value_or(TreeVerdict{});
}

}  // namespace zoowarden::controller
