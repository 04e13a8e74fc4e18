// SPDX-License-Identifier: Apache-2.0
//! Generates messages, client and server trait from the suite's proto. The parser is pure Rust: no protoc needed.

use std::path::PathBuf;
use std::{env, fs, io};

use ttrpc_codegen::{Codegen, Customize};

const PROTOS: &str = "../protos";
const INTEROP: &str = "../protos/hako/interop/v1/interop.proto";

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed={INTEROP}");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    Codegen::new()
        .out_dir(&out)
        .include(PROTOS)
        .input(INTEROP)
        .rust_protobuf()
        .customize(Customize { async_all: true, ..Default::default() })
        .run()?;
    // The generators' own list of modules starts with an inner attribute, which `include!` does not accept.
    fs::write(out.join("protocol.rs"), "pub mod interop;\npub mod interop_ttrpc;\n")
}
