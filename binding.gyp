# The build's truth is native/CMakeLists.txt; this only lets `node-gyp rebuild` reach it.
{
  "targets": [
    {
      "target_name": "watchfloor",
      "type": "none",
      "actions": [
        {
          "action_name": "cmake_js",
          "inputs": ["native/CMakeLists.txt", "scripts/build-native.mjs"],
          "outputs": ["<(PRODUCT_DIR)/watchfloor.node"],
          "action": ["node", "scripts/build-native.mjs"],
        }
      ],
    }
  ]
}
