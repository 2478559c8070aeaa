import Jute
import Records

/// The words of four letters that monitors send to the client port in place of a handshake.
public enum FourLetterWords {
    /// A known word; the raw value is its four letters read as an `int`, which no frame is long
    /// enough to be confused with.
    enum Word: Int32, CaseIterable {
        case conf = 0x636f_6e66
        case cons = 0x636f_6e73
        case crst = 0x6372_7374
        case dirs = 0x6469_7273
        case dump = 0x6475_6d70
        case envi = 0x656e_7669
        case gtmk = 0x6774_6d6b
        case hash = 0x6861_7368
        case isro = 0x6973_726f
        case mntr = 0x6d6e_7472
        case ruok = 0x7275_6f6b
        case srst = 0x7372_7374
        case srvr = 0x7372_7672
        case stat = 0x7374_6174
        case stmk = 0x7374_6d6b
        case wchc = 0x7763_6863
        case wchp = 0x7763_6870
        case wchs = 0x7763_6873

        /// The word as it is typed.
        var name: String { String(describing: self) }
    }

    /// The words that are answered.
    public struct Whitelist: Equatable, Sendable {
        private let names: Set<String>
        private let hasAll: Bool

        /// The words of a comma list; `*` is all of them.
        ///
        /// `srvr` always is among them.
        public init(_ list: String) {
            let words = list.split(separator: ",").map {
                String($0.drop { $0 == " " }.prefix { $0 != " " })
            }
            self.names = Set(words + ["srvr"])
            self.hasAll = names.contains("*")
        }

        /// What costs little and gives no session away: whoever knows the id of one can take it
        /// over, so `cons` and `dump` have to be asked for.
        ///
        /// Apache ZooKeeper answers only `srvr` by default, which every monitoring guide starts
        /// by changing.
        public static let standard = Whitelist("srvr,ruok,mntr,isro,envi,conf,stat,dirs,wchs,hash")

        func contains(_ word: Word) -> Bool { hasAll || names.contains(word.name) }
    }
}

extension Replica {
    /// The answer to a word, whole; nil is no answer.
    ///
    /// `mask`: the number that came behind it, which `stmk` alone has.
    func answer(_ word: FourLetterWords.Word, mask: Int64?) -> String? {
        let isAlwaysThere = word == .isro && settings.readOnlyModeEnabled
        guard isAlwaysThere || settings.fourLetterWords.contains(word) else {
            return "\(word.name) is not executed because it is not in the whitelist.\n"
        }
        switch word {
        case .ruok: return "imok"
        case .envi: return environmentText
        case .isro: return isServing ? isReadOnly ? "ro" : "rw" : "null"
        // Nothing is traced here: the number is what there is of it.
        case .gtmk: return String(traceMask)
        case .stmk:
            guard let mask else { return nil }
            traceMask = mask
            return String(mask)
        default: break
        }
        guard isServing else {
            return "This ZooKeeper instance is not currently serving requests\n"
        }
        switch word {
        case .srvr: return serverText(withClients: false)
        case .stat: return serverText(withClients: true)
        case .cons: return connectionLines(withDetails: true) + "\n"
        case .conf: return configurationText
        case .mntr: return monitorText
        case .dump: return dumpText
        case .dirs:
            let sizes = disk.sizes()
            return "datadir_size: \(sizes.data)\nlogdir_size: \(sizes.log)\n"
        case .hash:
            return digestLog.map { "\($0.zxid.hex): \(Int64(bitPattern: $0.digest))\n" }.joined()
        case .wchs: return watchSummaryText
        case .wchc: return watchesByConnectionText
        case .wchp: return watchesByPathText
        case .crst:
            for connection in connections.values { connection.statistics.reset() }
            return "Connection stats reset.\n"
        case .srst:
            resetStatistics()
            return "Server stats reset.\n"
        case .ruok, .envi, .isro, .gtmk, .stmk: return nil
        }
    }
}
