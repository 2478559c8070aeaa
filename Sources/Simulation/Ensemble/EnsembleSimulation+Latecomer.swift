import Quorum
import Records
import ServerCore

// The members change while somebody is taken in: after he was offered a history, and before he
// serves. It does not come about by itself, as both are short and rare.

extension EnsembleSimulation {
    /// A server that follows dies, and its return is waited for.
    func awaitLatecomer(_ random: inout SeededGenerator) {
        guard isReconfiguring, admin == nil else { return }
        let followers = servers.indices.filter {
            switch servers[$0].replica?.currentRole {
            case .following, .observing: true
            default: false
            }
        }
        guard let follower = random.pick(followers) else { return }
        latecomer = follower
        crash(follower)
    }

    /// A leader says something: if it is NEWLEADER to the latecomer, his answer takes long, and an
    /// operator wants other members meanwhile.
    func greet(_ bytes: [UInt8], _ end: SimulatedNetwork.End, from leader: Int) {
        guard let latecomer, network.host(at: end.opposite) == latecomer,
            QuorumTranscript.holds(.newLeader, bytes)
        else { return }
        self.latecomer = nil
        network.slowDown(from: latecomer, to: leader, 20_000...200_000)
        guard clients[0].state == .connected, mayAsk else { return }
        count("latecomer")
        changeMembers(0)
    }
}
