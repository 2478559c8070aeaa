internal import AviaryClient
internal import Records

/// Where the servers of an ensemble run: all that is different, when it changes, between processes
/// of this machine and servers that somebody else starts.
protocol ChangeRuntime: AnyObject {
    /// Where clients find the ensemble, before and after.
    var addresses: ConnectString { get }
    /// Who may change the members; nil where everybody may.
    var credential: OperatorCredential? { get }
    /// Whether every participant, as it was last seen, takes a leader that it is told of.
    var canHandOver: Bool { get }

    /// A change begins, and nobody else begins one.
    func begin() throws
    /// The first step is about to be taken: what is wanted is kept, so that whoever comes after a
    /// launcher that was killed goes on.
    func keepWish() throws
    /// The first step was refused, and nothing is done: what was wanted before is wanted again.
    func dropWish() throws
    /// What is kept of a change that does not go on, and what to do about that; empty if nothing is.
    var leftover: String { get }
    /// The change is over, one way or the other.
    func end()
    /// The ensemble is what is wanted.
    func finish() throws
    /// What is seen now.
    func look(committed: Membership?, confirmed: Int64?) -> EnsembleView
    /// Takes note of what is seen.
    func keep(_ view: EnsembleView) throws
    /// Members that nobody here has ever known: somebody else has added them.
    func strangers(in committed: Membership) -> [ServerID]
    /// Starts, stops, restarts or puts aside a server; false if that is for others, and awaited.
    func perform(_ step: ChangeStep, _ view: EnsembleView) throws -> Bool
    /// Why a server is not waited for any longer, and what to type.
    func missing(_ id: ServerID, _ limit: String) -> EnsembleError
    /// Where a server is that is not in step, if that helps, what is known of it, and what to do
    /// about that; both for the middle of a sentence.
    func standing(of id: ServerID) -> (place: String, remedy: String)
    /// Why the leader refuses a step for good, and what to type.
    func refused(_ code: ErrorCode, _ step: ChangeStep) -> EnsembleError
    /// What shows how the servers are.
    var status: String { get }
    /// What to type where a step does not come to an end, or nobody leads.
    func advice(about step: ChangeStep) -> String
}

extension ChangeRuntime {
    // Who is not in a spec that names all is meant to leave.
    func strangers(in committed: Membership) -> [ServerID] { [] }

    var canHandOver: Bool { true }
    func keepWish() throws {}
    func dropWish() throws {}
    var leftover: String { "" }
    var status: String { "aviary status" }

    func advice(about step: ChangeStep) -> String { commonAdvice(about: step) }

    func commonAdvice(about step: ChangeStep) -> String {
        step == .awaitQuorum
            ? "aviary status, and aviary logs"
            : "aviary status; then aviary apply to go on, or aviary apply --abandon to give the "
                + "change up"
    }
}

extension ConnectString {
    /// Where these servers listen for clients.
    init(of servers: [ServerSpec], in spec: EnsembleSpec) throws {
        let places = Set(
            servers.map { server in
                ServerAddress(host: spec.clientHost(of: server), port: server.ports.client)
                    .description
            })
        try self.init(places.sorted().joined(separator: ","))
    }
}
