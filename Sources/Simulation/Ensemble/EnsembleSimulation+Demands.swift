import Jute
import Records

// What clients do beyond single reads and writes, and what was promised about it.

extension EnsembleSimulation {
    /// A client asks for something harder.
    func demand(_ number: Int, _ register: Path) {
        clients[number].operationCount += 1
        let name = "\(number)-\(clients[number].operationCount)"
        switch random.below(16) {
        case 0...1: send(number, .createNumbered)
        case 2...3:
            let one = Path("/m\(name)a")
            let other = Path("/m\(name)b")
            promises.sent(one, other)
            send(number, .createTwo(one, other))
        case 4:
            let path = Path("/x\(name)")
            promises.sent(forbidden: path)
            send(number, .createNever(path))
        case 5...6: send(number, .watch(register))
        case 7...9:
            let version = clients[number].versions[register]
            send(number, version.map { .replace(register, version: $0) } ?? .get(register))
        case 10...11: send(number, .createForNow(Path("/p\(name)")))
        case 12:
            if let path = clients[number].passing.popLast() { send(number, .delete(path)) }
        case 13: if random.chance(1, in: 4) { send(number, .close) }
        case 14: send(number, .await(somethingToCome(number)))
        default: send(number, .watchChildren)
        }
    }

    /// Writes are in the order of real time: what was sent after another was done comes after it.
    func checkOrder(_ number: Int, _ request: SimulatedClient.Pending, _ header: ReplyHeader) {
        guard header.error == .ok else { return }
        switch request.operation {
        case .create, .createEphemeral, .set, .createNumbered, .createTwo, .createForNow, .replace,
            .delete:
            promises.wrote(header.zxid, after: request.lastWrite, number, fail)
        default: break
        }
    }

    func checkDemand(
        _ number: Int, _ request: SimulatedClient.Pending, _ header: ReplyHeader,
        _ reader: inout JuteReader
    ) {
        switch request.operation {
        case .replace(let path, let version):
            if header.error == .badVersion {
                count("refused for its version")
                promises.refused(path, version: version, by: header.zxid)
            }
            guard header.error == .ok, let stat = try? Stat(from: &reader) else { return }
            if stat.version != version + 1 {
                fail("client \(number) has replaced version \(version) by \(stat.version)")
            }
            saw(number, path, stat, request.data)
            count("replaced")
        case .createForNow(let path):
            if header.error == .ok { clients[number].passing.append(path) }
        case .delete(let path):
            // It was there, and nobody else deletes it.
            if header.error == .noNode { fail("\(path) of client \(number) is lost") }
            guard header.error == .ok else { return }
            promises.deleted(path)
            count("deleted")
        case .createNumbered:
            guard header.error == .ok, let path = try? reader.readPath() else { return }
            promises.named(path, number, fail)
            acknowledged.insert(path)
            count("numbered")
        case .createTwo(let one, let other):
            guard header.error == .ok else { return }
            acknowledged.formUnion([one, other])
            count("two created")
        case .createNever(let path):
            guard header.error == .ok,
                let first = try? MultiHeader(from: &reader), first.type != .error
            else { return }
            fail("client \(number) has created \(path) with a check that fails")
        case .existsNoMore(let path):
            clients[number].formerEphemerals.removeAll { $0 == path }
            if header.error == .ok {
                fail("\(path) is there for client \(number) after its session has ended")
            }
        case .close:
            guard header.error == .ok else { return }
            count("session closed")
            clients[number].forgetSession()
        default: break
        }
    }
}
