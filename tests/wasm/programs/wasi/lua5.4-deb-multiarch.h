#define DEB_HOST_MULTIARCH "wasm32-wasi"
#define L_tmpnam 20
