//! The Merkle tree over the lines of a manifest, as RFC 6962 (Certificate Transparency) defines it in section 2.1: a leaf is
//! `SHA-256(0x00 || line)`, a node `SHA-256(0x01 || left || right)`, and the left subtree of `n` leaves has the largest power
//! of two that is less than `n`. The first byte keeps leaves and nodes apart, so that no node can be passed off as a line.
//! Without any line the root is `SHA-256("")`.

use sha2::{Digest as _, Sha256};

use crate::digest::hex;

type Hash = [u8; 32];

/// A tree that takes its leaves one by one, and holds no more than one hash a level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MerkleTree {
    count: u64,
    /// The roots of complete subtrees, the largest first.
    subtrees: Vec<Hash>,
}

impl MerkleTree {
    /// Adds the next line, without its line break.
    pub fn push(&mut self, line: &[u8]) {
        let mut hash: Hash = Sha256::new().chain_update([0]).chain_update(line).finalize().into();
        self.count += 1;
        // Each trailing zero of the count is a subtree that is complete now.
        for _ in 0..self.count.trailing_zeros() {
            let Some(left) = self.subtrees.pop() else { break };
            hash = node(&left, &hash);
        }
        self.subtrees.push(hash);
    }

    /// How many lines there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The root, in hex.
    pub fn root(&self) -> String {
        let mut smallest_first = self.subtrees.iter().rev();
        let root = match smallest_first.next() {
            Some(last) => smallest_first.fold(*last, |right, left| node(left, &right)),
            None => Sha256::digest(b"").into(),
        };
        hex(&root)
    }
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::{Hash, MerkleTree, node};
    use crate::digest::hex;

    /// The lines and roots by which implementations of Certificate Transparency are tested
    /// (<https://github.com/google/certificate-transparency/blob/master/cpp/merkletree/merkle_tree_test.cc>).
    const LINES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let mut tree = MerkleTree::default();
        assert_eq!(tree.root(), ROOTS[0]);
        for (line, root) in LINES.iter().zip(&ROOTS[1..]) {
            tree.push(line);
            assert_eq!(tree.root(), *root, "{} lines", tree.count());
        }
    }

    /// The definition of RFC 6962, section 2.1, word by word.
    fn defined(lines: &[Vec<u8>]) -> Hash {
        match lines {
            [] => Sha256::digest(b"").into(),
            [line] => Sha256::new().chain_update([0]).chain_update(line).finalize().into(),
            _ => {
                let (left, right) = lines.split_at(lines.len().next_power_of_two() / 2);
                node(&defined(left), &defined(right))
            }
        }
    }

    #[test]
    fn line_by_line_is_the_same_as_by_the_definition() {
        let lines: Vec<Vec<u8>> = (0..260_u32).map(|number| number.to_string().into_bytes()).collect();
        let mut tree = MerkleTree::default();
        for (count, line) in lines.iter().enumerate() {
            assert_eq!(tree.root(), hex(&defined(&lines[..count])), "{count} lines");
            tree.push(line);
        }
    }

    #[test]
    fn order_content_and_number_of_lines_all_count() {
        let root = |lines: &[&str]| {
            let mut tree = MerkleTree::default();
            for line in lines {
                tree.push(line.as_bytes());
            }
            tree.root()
        };
        let whole = root(&["a", "b", "c"]);
        assert_ne!(root(&["b", "a", "c"]), whole);
        assert_ne!(root(&["a", "b"]), whole);
        assert_ne!(root(&["a", "b", "c", "c"]), whole);
        assert_ne!(root(&["a", "b", "d"]), whole);
        assert_ne!(root(&["ab", "c"]), whole);
    }
}
