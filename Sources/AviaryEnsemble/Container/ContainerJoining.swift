// A container that is in no list of servers: it joins those that are there, without a vote, and
// 'aviary apply' makes a member of it once it is in step.

internal import Configuration
internal import Jute
internal import Records

extension ContainerServerPlanner {
    /// Adds this server as an observer if it has an address to join by and is in no list.
    ///
    /// - Returns: files of an earlier membership that would say it is none.
    mutating func join(_ data: String) throws(ContainerProblems) -> [String] {
        guard let address = environment.place("AVIARY_JOIN") else { return [] }
        let ordinal = ContainerIdentity.ordinal(of: situation.hostName).map { $0 + 1 }
        guard let id = environment.identity?.id ?? ordinal, (1...255).contains(id) else {
            throw ContainerProblems(
                "AVIARY_JOIN is set, but not which server this is: set ZOO_MY_ID. (The host name, "
                    + "\(situation.hostName), has no ordinal such as zk-3)")
        }
        guard settings["reconfigEnabled"] == "true" else {
            throw ContainerProblems(
                "AVIARY_JOIN needs ZOO_CFG_reconfigEnabled=true: members cannot be added without it"
            )
        }
        let committed = committedMembers
        let isListed =
            committed.map { $0.member(ServerID(Int64(id))) != nil }
            ?? (settings["server.\(id)"] != nil)
        guard !isListed else { return [] }
        let parts = address.split(separator: ";", maxSplits: 1).map(String.init)
        var place = parts.first ?? ""
        for role in [":participant", ":observer"] where place.hasSuffix(role) {
            place = String(place.dropLast(role.count))
        }
        var obsolete: [String] = []
        if let committed {
            // It was a member once, and its volume remembers the day it left.
            settings.remove { $0.key == "dynamicConfigFile" }
            for line in committed.lines {
                if let pair = ContainerServers.pair(line) {
                    settings.set(pair.key, pair.value, "the data volume")
                }
            }
            // That it was removed stands in these; it joins as if it were new, with its history.
            for directory in Set([data, settings["dataLogDir"] ?? data]).sorted() {
                let names = situation.list(directory) ?? []
                obsolete += names.filter { $0.hasPrefix("zoo.cfg.dynamic") || $0 == "identity" }
                    .map { "\(directory)/\($0)" }
            }
        }
        let client = parts.count > 1 ? parts[1] : "2181"
        settings.set("server.\(id)", "\(place):observer;\(client)", "AVIARY_JOIN")
        notes.append(
            "server \(id) is in no list: it joins as an observer until 'aviary apply' adds it")
        return obsolete
    }

    /// The members of the dynamic file on the data volume.
    private var committedMembers: Membership? {
        guard let file = settings["dynamicConfigFile"], let text = situation.read(file) else {
            return nil
        }
        return try? DynamicFile.parse(text, file: file)
    }
}
