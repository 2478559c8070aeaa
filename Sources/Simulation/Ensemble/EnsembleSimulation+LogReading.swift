import Quorum
import Records
import ServerCore
import Storage

// The thread that reads the log for learners: a piece, some time later, and another when the leader
// asks for it.

extension EnsembleSimulation {
    func scheduleLogRead(_ host: Int, _ link: LinkID) {
        let time = now + random.number(random.chance(1, in: 20) ? 10_000...400_000 : 50...5000)
        queue.schedule(.logRead(host: host, life: servers[host].life, link), at: time)
    }

    func logRead(_ host: Int, _ life: Int, _ link: LinkID) {
        let server = servers[host]
        guard server.life == life, let disk = server.disk, let reading = disk.readings[link]
        else { return }
        do throws(LogRange.Refusal) {
            let (entries, isLast) = try disk.read(reading, bytesMax: 1000)
            count(isLast ? "log read to its end" : "log read in part")
            if isLast { disk.readings[link] = nil }
            server.replica?.logRead(link, entries, isLast: isLast, moment(host))
        } catch {
            count("log not read")
            disk.readings[link] = nil
            server.replica?.logReadFailed(link, error, moment(host))
        }
        perform(host)
    }
}
