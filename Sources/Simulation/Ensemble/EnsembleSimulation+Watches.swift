import Jute
import Records

// Watches: each goes off once, for what was watched, and before what it tells of is seen; also when
// the session has moved meanwhile.

extension EnsembleSimulation {
    /// What a client waits for already, or something that one of them may create soon.
    func somethingToCome(_ number: Int) -> Path {
        if random.chance(1, in: 2), let path = clients[number].watches.creations.min() {
            return path
        }
        let other = random.below(4)
        let count = clients[other].operationCount + random.number(1...4)
        return Path("/c\(other)-\(count)")
    }

    /// A session is on another connection: its watches come with it, before anything is asked.
    func moveWatches(_ number: Int) {
        if !clients[number].watches.isEmpty { send(number, .setWatches) }
    }

    /// A watch has gone off: it was there, and it is not any more.
    func receivedNotification(_ number: Int, _ body: [UInt8]) {
        var reader = JuteReader(body.rawSpan)
        guard let event = try? WatcherEvent(from: &reader) else {
            return fail("client \(number) gets a notification of nothing")
        }
        let wasWatched =
            switch event.type {
            case 1: clients[number].watches.creations.remove(event.path) != nil
            case 3: clients[number].watches.changes.removeValue(forKey: event.path) != nil
            case 4: event.path == .root && clients[number].watches.children != nil
            default: false
            }
        if event.type == 4 { clients[number].watches.children = nil }
        count("notified of \(event.type)")
        if !wasWatched {
            fail("client \(number) is told \(event.type) of \(event.path), which it does not watch")
        }
    }

    /// A request was answered: a watch may be there now, and none may have been passed over.
    func checkWatches(
        _ number: Int, _ request: SimulatedClient.Pending, _ error: ErrorCode, _ body: [UInt8]
    ) {
        switch request.operation {
        case .await(let path):
            if error == .ok { found(number, path) }
            if error == .noNode { clients[number].watches.creations.insert(path) }
        case .watchChildren:
            guard error == .ok, let names = EnsembleSimulation.children(in: body) else { return }
            let count = Int32(names.count)
            if count != clients[number].watches.children ?? count { changedChildren(number) }
            clients[number].watches.children = count
            promises.checkMultis(Set(names.map(Path.root.appending)), fail)
        case .create(let path), .createEphemeral(let path), .createForNow(let path):
            guard error == .ok else { return }
            found(number, path)
            changedChildren(number)
        case .createNumbered, .createTwo, .delete: if error == .ok { changedChildren(number) }
        case .setWatches:
            count("watches moved")
            if error != .ok { fail("client \(number) cannot bring its watches: \(error.rawValue)") }
        default: break
        }
    }

    private func found(_ number: Int, _ path: Path) {
        if clients[number].watches.creations.contains(path) {
            fail("client \(number) finds \(path) and heard nothing of its creation")
        }
    }

    private func changedChildren(_ number: Int) {
        if clients[number].watches.children != nil {
            fail("client \(number) knows of other children and heard nothing of its watch")
        }
    }
}
