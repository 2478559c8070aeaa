import Configuration
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL
import Storage

/// What TLS needs on one kind of port, read again whenever the files change.
///
/// Connections that stand keep what they were made with.
final class TLSContext: Sendable {
    private struct State {
        var accepting: NIOSSLContext
        var dialing: NIOSSLContext
        var seen: [String: Int64]
    }

    let settings: TLSSettings
    private let prefix: String
    private let fileSystem: any FileSystem
    private let state: NIOLockedValueBox<State>

    /// Reads everything; `prefix` is what the keys in zoo.cfg begin with.
    init(
        _ settings: TLSSettings, prefix: String, in fileSystem: any FileSystem
    ) throws(TLSProblem) {
        self.settings = settings
        self.prefix = prefix
        self.fileSystem = fileSystem
        let seen = TLSContext.times(settings)
        let (accepting, dialing) = try TLSContext.make(settings, prefix, fileSystem)
        self.state = NIOLockedValueBox(
            State(accepting: accepting, dialing: dialing, seen: seen))
    }

    /// For the next connection that is accepted.
    var current: NIOSSLContext { state.withLockedValue(\.accepting) }
    /// For the next connection that is dialed.
    var dialing: NIOSSLContext { state.withLockedValue(\.dialing) }

    /// Reads the files again if they are not what they were; returns what to tell people.
    func reloadIfChanged() -> Result<Bool, TLSProblem> {
        let times = TLSContext.times(settings)
        guard state.withLockedValue({ $0.seen != times }) else { return .success(false) }
        do throws(TLSProblem) {
            let (accepting, dialing) = try TLSContext.make(settings, prefix, fileSystem)
            state.withLockedValue {
                $0 = State(accepting: accepting, dialing: dialing, seen: times)
            }
            return .success(true)
        } catch {
            // The same files are not complained about twice: they may be half written.
            state.withLockedValue { $0.seen = times }
            return .failure(error)
        }
    }

    private static func times(_ settings: TLSSettings) -> [String: Int64] {
        var times: [String: Int64] = [:]
        let paths = [
            settings.keyStore.location, settings.trustStore.location,
            settings.keyStore.passwordPath, settings.trustStore.passwordPath,
        ]
        for path in paths.compactMap({ $0 }) {
            times[path] = ServerProcess.nanosecondsOfChange(path)
        }
        return times
    }

    private static func make(
        _ settings: TLSSettings, _ prefix: String, _ fileSystem: any FileSystem
    ) throws(TLSProblem) -> (accepting: NIOSSLContext, dialing: NIOSSLContext) {
        let own = try TLSFiles.identity(
            settings.keyStore, prefix + "keyStore.location", in: fileSystem)
        var accepting = TLSConfiguration.makeServerConfiguration(
            certificateChain: own.chain.map { .certificate($0) }, privateKey: .privateKey(own.key))
        accepting.minimumTLSVersion = .tlsv12
        try chooseVersions(settings, prefix, &accepting)
        try chooseCipherSuites(settings, prefix, &accepting)
        if settings.trustStore.location != nil || settings.peerCertificate == .need {
            accepting.trustRoots = .certificates(
                try TLSFiles.trust(
                    settings.trustStore, prefix + "trustStore.location", in: fileSystem))
        }
        accepting.sendCANameList = true
        // What is dialed always shows a certificate; whether it names the host is a setting.
        var dialing = accepting
        dialing.certificateVerification =
            settings.verifiesHost ? .fullVerification : .noHostnameVerification
        switch settings.peerCertificate {
        case .none: accepting.certificateVerification = .none
        case .want: accepting.certificateVerification = .optionalVerification
        case .need: accepting.certificateVerification = .noHostnameVerification
        }
        do {
            return (
                try NIOSSLContext(configuration: accepting),
                try NIOSSLContext(configuration: dialing)
            )
        } catch {
            throw TLSProblem("\(prefix)keyStore and \(prefix)trustStore: \(error)")
        }
    }

    private static func chooseVersions(
        _ settings: TLSSettings, _ prefix: String, _ configuration: inout TLSConfiguration
    ) throws(TLSProblem) {
        guard !settings.protocols.isEmpty else { return }
        let known: [String: TLSVersion] = ["TLSv1.2": .tlsv12, "TLSv1.3": .tlsv13, "TLS": .tlsv13]
        let wanted = Set(settings.protocols.compactMap { known[$0] })
        guard !wanted.isEmpty else {
            throw TLSProblem(
                "\(prefix)enabledProtocols=\(settings.protocols.joined(separator: ",")): TLSv1.2 "
                    + "and TLSv1.3 are what there is")
        }
        configuration.minimumTLSVersion = wanted.contains(.tlsv12) ? .tlsv12 : .tlsv13
        configuration.maximumTLSVersion = wanted.contains(.tlsv13) ? .tlsv13 : .tlsv12
    }

    /// Java's names are the ones of the standard, which the library has as numbers.
    private static func chooseCipherSuites(
        _ settings: TLSSettings, _ prefix: String, _ configuration: inout TLSConfiguration
    ) throws(TLSProblem) {
        guard !settings.cipherSuites.isEmpty else { return }
        let suites = settings.cipherSuites.compactMap { cipherSuites[$0] }
        guard !suites.isEmpty else {
            throw TLSProblem(
                "\(prefix)ciphersuites: none of them is known; "
                    + cipherSuites.keys.sorted().joined(separator: ", "))
        }
        configuration.cipherSuiteValues = suites
    }

    private static let cipherSuites: [String: NIOTLSCipher] = [
        "TLS_AES_128_GCM_SHA256": .TLS_AES_128_GCM_SHA256,
        "TLS_AES_256_GCM_SHA384": .TLS_AES_256_GCM_SHA384,
        "TLS_CHACHA20_POLY1305_SHA256": .TLS_CHACHA20_POLY1305_SHA256,
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256":
            .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256":
            .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": .TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": .TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": .TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": .TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
        "TLS_RSA_WITH_AES_128_GCM_SHA256": .TLS_RSA_WITH_AES_128_GCM_SHA256,
        "TLS_RSA_WITH_AES_256_GCM_SHA384": .TLS_RSA_WITH_AES_256_GCM_SHA384,
    ]
}
