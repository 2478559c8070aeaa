// The keys of zoo.cfg that say who may do what.

extension ServerConfigurationParser {
    mutating func readAccess(_ key: String, _ entry: PropertiesFile.Entry) -> Bool {
        let value = entry.value.trimmed
        switch key {
        case "skipACL": configuration.access.skipsACLs = value == "yes"
        case "DigestAuthenticationProvider.superDigest": configuration.access.superDigest = value
        case "DigestAuthenticationProvider.digestAlg": readDigestAlgorithm(value, entry)
        case "java.security.auth.login.config": configuration.access.loginFile = value
        case "sasl.serverconfig": configuration.access.loginSection = value
        case "superUser": configuration.access.superUsers.append(value)
        case "SASLAuthenticationProvider.superPassword":
            configuration.access.superPassword = value
        case "ensembleAuthName": configuration.access.ensembleNames = names(value)
        case "enforce.auth.schemes": configuration.access.enforcedSchemes = names(value)
        default:
            if key.hasPrefix("superUser.") {
                configuration.access.superUsers.append(value)
            } else if key.hasPrefix("authProvider.") {
                readProvider(value, entry)
            } else {
                return readAccessFlag(key, value)
            }
        }
        return true
    }

    private mutating func readAccessFlag(_ key: String, _ value: String) -> Bool {
        let field: WritableKeyPath<AccessConfiguration, Bool>
        switch key {
        case "DigestAuthenticationProvider.enabled": field = \.digestEnabled
        case "enforce.auth.enabled": field = \.enforced
        case "sessionRequireClientSASLAuth": field = \.requiresLogin
        case "allowSaslFailedClients": field = \.allowsFailedLogins
        default: return false
        }
        // As with every key that Apache ZooKeeper hands on to its process: all but `true` is false.
        configuration.access[keyPath: field] = value.lowercased() == "true"
        return true
    }

    private func names(_ value: String) -> [String] {
        value.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
    }

    private mutating func readDigestAlgorithm(_ value: String, _ entry: PropertiesFile.Entry) {
        guard let algorithm = DigestAlgorithm(name: value) else {
            let known = DigestAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
            return error("\(entry.key)=\(value): it is one of \(known)", entry)
        }
        configuration.access.digestAlgorithm = algorithm
    }

    private mutating func readProvider(_ value: String, _ entry: PropertiesFile.Entry) {
        guard let provider = AuthenticationProvider(className: value) else {
            let known = AuthenticationProvider.allCases.map(\.rawValue).joined(separator: ", ")
            return error(
                "\(entry.key)=\(value): a class of one's own cannot be loaded; there are "
                    + "org.apache.zookeeper.server.auth. and \(known)", entry)
        }
        configuration.access.providers.insert(provider)
    }

    /// What can be told only once all is read.
    mutating func checkAccess() {
        guard let problem = configuration.access.check() else { return }
        error(
            problem,
            properties["enforce.auth.schemes"] ?? properties["sessionRequireClientSASLAuth"]
                ?? properties["enforce.auth.enabled"])
    }
}
