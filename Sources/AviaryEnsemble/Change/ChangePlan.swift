public import Records

/// The ordered steps from what is seen to what is wanted.
public struct ChangePlan: Equatable, Sendable {
    /// A step, and how many may fail while and after it is carried out.
    public struct Entry: Equatable, Sendable {
        /// What is done.
        public var step: ChangeStep
        /// The margin at its weakest moment.
        public var margin: QuorumMargin
        /// Why, where the step does not say it.
        public var reasons: [SettingChange] = []
    }

    /// The version of the committed configuration that it was made for.
    public var madeFor: Int64
    /// Who led then.
    public var leader: ServerID?
    /// In order.
    public var entries: [Entry]
    /// Why it ends before the goal, and what to type, if it does.
    public var obstacle: Obstacle?

    /// Why a plan cannot go on.
    public struct Obstacle: Equatable, Sendable {
        /// What stands in the way.
        public var reason: String
        /// What to type.
        public var advice: String
    }

    /// More steps than any change has: 255 servers, each of which joins, leaves and restarts.
    static let stepCountMax = 8192

    /// Plans by taking each decision in turn and expecting that its step works.
    ///
    /// So a plan is nothing but what `apply` does if nothing comes between.
    ///
    /// - Returns: nil if the committed configuration is not known.
    public static func make(_ view: EnsembleView, _ goal: ChangeGoal) -> ChangePlan? {
        guard let committed = view.committed, view.leader != nil else { return nil }
        var plan = ChangePlan(
            madeFor: committed.version, leader: view.leader, entries: [], obstacle: nil)
        var view = view
        while plan.entries.count < stepCountMax {
            switch ChangePlanner.decide(view, goal) {
            case .done: return plan
            case .blocked(let reason, let advice):
                plan.obstacle = Obstacle(reason: reason, advice: advice)
                return plan
            case .step(let step):
                plan.entries.append(
                    Entry(
                        step: step, margin: margin(of: step, view),
                        reasons: view.reasons(for: step)))
                let next = view.after(step)
                // What servers say may be no ensemble at all, such as a leader and nobody who votes.
                guard next != view else { return plan.ending(at: step) }
                view = next
            }
        }
        return plan.ending(at: plan.entries.last?.step ?? .awaitQuorum)
    }

    /// The same, for somebody to look at who knows more: a step leads nowhere.
    private func ending(at step: ChangeStep) -> ChangePlan {
        var plan = self
        plan.obstacle = Obstacle(
            reason:
                "it is not to be seen where this leads: what the servers say of themselves does "
                + "not fit together, and to \(step.text) would not change that",
            advice: "aviary status, and ask every server who its members are: aviary cli -server "
                + "HOST:PORT config")
        return plan
    }

    /// The margin while a step is carried out.
    static func margin(of step: ChangeStep, _ view: EnsembleView) -> QuorumMargin {
        // Who waits has what there is now, and not what is hoped for.
        if case .awaitSync = step, let committed = view.committed {
            return QuorumMargin(committed, synced: view.synced)
        }
        let next = view.after(step)
        var synced = next.synced
        if case .change(let member) = step, let old = view.committed?.member(member.id),
            old.role == member.role, old.quorum == member.quorum, old.election == member.election
        {
            synced.insert(member.id)
        }
        return QuorumMargin(
            next.committed ?? Membership(version: 0, members: []), synced: synced)
    }
}

extension EnsembleView {
    /// What will be seen once the step has worked.
    public func after(_ step: ChangeStep) -> EnsembleView {
        var next = self
        switch step {
        case .awaitQuorum: next.elect()
        case .start(let id):
            next.update(id) { server in
                server.isRunning = true
                server.isCurrent = true
                server.pending = []
            }
        case .startJoiner(let id):
            next.update(id) { server in
                server.isRunning = true
                server.isCurrent = true
                server.pending = []
                server.files = .joiner
            }
        case .awaitSync(let id): next.settle(id)
        case .add(let member): next.adopt { $0.insert(member) }
        case .change(let member):
            next.adopt { $0.insert(member) }
            next.leave(member.id)
        case .remove(let id):
            next.adopt { $0.members.removeAll { $0.id == id } }
            next.update(id) { $0.files = .former }
            next.leave(id)
        case .replaceAll(let members):
            let old = committed
            next.adopt { $0 = members }
            for server in servers {
                guard let before = old?.member(server.id) else { continue }
                let now = members.member(server.id)
                if before.quorum != now?.quorum || before.role != now?.role {
                    next.leave(server.id)
                }
            }
        case .confirm: next.confirmedVersion = committed?.version
        case .stop(let id) where server(id)?.isElsewhere ?? false:
            next.servers.removeAll { $0.id == id }
        case .stop(let id):
            next.update(id) { server in
                server.isRunning = false
                server.mode = nil
                server.isSynced = false
            }
        case .retire(let id): next.servers.removeAll { $0.id == id }
        case .handOver(let id, let successor):
            next.update(id) { $0.mode = .follower }
            next.update(successor) { $0.mode = .leader }
        case .restart(let id):
            next.update(id) { server in
                server.isCurrent = true
                server.pending = []
            }
            next.leave(id)
        }
        return next
    }

    /// The configuration is another one, of a later version.
    private mutating func adopt(_ change: (inout Membership) -> Void) {
        guard var members = committed else { return }
        let version = members.version
        change(&members)
        members.version = version + 1
        committed = members
        for member in members.members { update(member.id) { $0.files = .member } }
    }

    /// The server is away for a moment; somebody else leads.
    private mutating func leave(_ id: ServerID) {
        let didLead = leader == id
        update(id) { server in
            server.mode = nil
            server.isSynced = false
        }
        if didLead { elect() }
    }

    /// Somebody leads who was in step, or who else could.
    private mutating func elect() {
        guard let voters = committed?.voters else { return }
        let candidate =
            voters.last { isSynced($0) } ?? voters.last { isRunning($0) }
        if let candidate { update(candidate) { $0.mode = .leader } }
    }

    private mutating func settle(_ id: ServerID) {
        let isObserver = committed?.member(id)?.role == .observer
        let isLeader = leader == id
        update(id) { server in
            server.mode = isLeader ? .leader : isObserver ? .observer : .follower
            server.isSynced = true
            server.lag = 0
        }
    }
}

extension Membership {
    /// Adds a member, in place of one with its id.
    fileprivate mutating func insert(_ member: Member) {
        members.removeAll { $0.id == member.id }
        members.append(member)
        members.sort { $0.id < $1.id }
    }
}
