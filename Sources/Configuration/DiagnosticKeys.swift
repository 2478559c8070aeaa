// What servers say about their links, and a key that is known and not followed.

extension ServerConfigurationParser {
    mutating func readDiagnostics(_ key: String, _ entry: PropertiesFile.Entry) -> Bool {
        let value = entry.value.trimmed
        switch key {
        case "messageTracker.Enabled":
            configuration.quorumLimits.tracksPackets = lenientFlag(value, entry)
        case "messageTracker.BufferSize":
            guard let count = Int(value), (1...1000).contains(count) else {
                error("\(key)=\(value): a number from 1 to 1000 is needed", entry)
                return true
            }
            configuration.quorumLimits.trackedPacketsMax = count
        case "oraclePath":
            warn(
                "oraclePath has no effect, on purpose: a server that goes on without the other may "
                    + "lose what it has acknowledged. A third server lets one fail", entry)
        default: return false
        }
        return true
    }
}
